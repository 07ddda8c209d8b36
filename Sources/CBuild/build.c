#include "CBuild.h"

#ifndef BEARERPROXY_COMMIT
#define BEARERPROXY_COMMIT ""
#endif

const char *build_commit(void) {
    return BEARERPROXY_COMMIT;
}
