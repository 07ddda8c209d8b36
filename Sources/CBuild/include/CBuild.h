// What is known of a build.
#ifndef BEARERPROXY_CBUILD_H
#define BEARERPROXY_CBUILD_H

// The commit that it was made of, as BEARERPROXY_COMMIT had it in the environment; empty where that was not set.
const char *build_commit(void);

#endif
