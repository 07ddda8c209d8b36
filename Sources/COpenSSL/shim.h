// OpenSSL's function-like macros, which Swift cannot see.
#ifndef BEARERPROXY_COPENSSL_H
#define BEARERPROXY_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#endif
