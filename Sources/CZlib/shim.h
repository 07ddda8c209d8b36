#ifndef BEARERPROXY_CZLIB_H
#define BEARERPROXY_CZLIB_H

#include <zlib.h>

// inflateInit2 is a macro, which Swift does not see. 15 is the largest window, 16 asks for the gzip format alone.
static inline int bearerproxy_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}

#endif
