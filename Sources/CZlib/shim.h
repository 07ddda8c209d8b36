#ifndef BEARERPROXY_CZLIB_H
#define BEARERPROXY_CZLIB_H

#include <zlib.h>

#endif
