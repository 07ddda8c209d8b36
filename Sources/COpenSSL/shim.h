// OpenSSL's function-like macros and computed constants, which Swift cannot see.
#ifndef BEARERPROXY_COPENSSL_H
#define BEARERPROXY_COPENSSL_H

#include <stdlib.h>
#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Error numbers of the transport: the TLS target does not import Glibc.
enum {
    openssl_errno_would_block = EAGAIN,
    openssl_errno_interrupted = EINTR,
};

// glibc (since 2.32) and musl answer known numbers from constant or per-thread storage.
static inline const char *openssl_errno_text(int error_number) {
    return strerror(error_number);
}

static inline void openssl_bio_clear_retry(BIO *bio) {
    BIO_clear_retry_flags(bio);
}

static inline void openssl_bio_retry_read(BIO *bio) {
    BIO_set_retry_read(bio);
}

static inline void openssl_bio_retry_write(BIO *bio) {
    BIO_set_retry_write(bio);
}

static inline size_t openssl_bio_memory(BIO *bio, const unsigned char **bytes) {
    char *start = NULL;
    long count = BIO_get_mem_data(bio, &start);
    *bytes = (const unsigned char *)start;
    return count > 0 ? (size_t)count : 0;
}

static inline int openssl_set_minimum_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version) == 1;
}

static inline void openssl_set_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_mode(context, mode);
}

static inline void openssl_clear_mode(SSL_CTX *context, long mode) {
    SSL_CTX_clear_mode(context, mode);
}

static inline void openssl_set_read_ahead(SSL_CTX *context) {
    SSL_CTX_set_read_ahead(context, 1);
}

static inline void openssl_set_session_cache_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

static inline int openssl_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

// A connection's end without close_notify stays an error, whatever openssl.cnf says.
static inline void openssl_harden(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
}

// No session of this server is resumed: neither by a ticket nor, in TLS 1.3, at all.
static inline void openssl_refuse_resumption(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}

// Whoever learns the key of the tickets could read all connections of TLS 1.2 that were given one: the ticket has their secret in
// it. In TLS 1.3 a resumption agrees on new ones. Called before a ticket is looked at.
static inline int openssl_withhold_tickets(SSL *ssl, int *alert, void *argument) {
    (void)alert;
    (void)argument;
    const unsigned char *versions;
    size_t count;
    const long newest = SSL_get_max_proto_version(ssl);
    if ((newest == 0 || newest >= TLS1_3_VERSION) && SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &versions, &count)) {
        // A count of bytes, then two for each version.
        for (size_t offset = 1; offset + 1 < count; offset += 2) {
            if (versions[offset] == TLS1_3_VERSION >> 8 && versions[offset + 1] == (TLS1_3_VERSION & 0xff)) return SSL_CLIENT_HELLO_SUCCESS;
        }
    }
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    return SSL_CLIENT_HELLO_SUCCESS;
}

// Sessions of this server are resumed in TLS 1.3 alone.
static inline void openssl_resume_only_1_3(SSL_CTX *context) {
    SSL_CTX_set_client_hello_cb(context, openssl_withhold_tickets, NULL);
}

// Whether an error is that a file is not there.
static inline int openssl_is_of_missing_file(unsigned long code) {
    return ERR_GET_LIB(code) == ERR_LIB_SYS && ERR_GET_REASON(code) == ENOENT;
}

// The file that the system's authorities are read from.
static inline const char *openssl_authorities_file(void) {
    const char *file = getenv(X509_get_default_cert_file_env());
    return file != NULL ? file : X509_get_default_cert_file();
}

// Sessions of the one server are resumed by the other. Neither has connections yet.
static inline int openssl_share_ticket_keys(SSL_CTX *from, SSL_CTX *to) {
    unsigned char keys[256];
    const long count = SSL_CTX_get_tlsext_ticket_keys(from, NULL, 0);
    if (count <= 0 || count > (long)sizeof keys) return 0;
    const int is_done = SSL_CTX_get_tlsext_ticket_keys(from, keys, count) == 1 && SSL_CTX_set_tlsext_ticket_keys(to, keys, count) == 1;
    OPENSSL_cleanse(keys, sizeof keys);
    return is_done;
}

static inline int openssl_set_server_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name) == 1;
}

static inline int openssl_set_tag(EVP_CIPHER_CTX *context, int count, void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, count, tag);
}

static inline int openssl_get_tag(EVP_CIPHER_CTX *context, int count, void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, count, tag);
}

static inline EVP_PKEY *openssl_generate_p256(void) {
    return EVP_EC_gen("P-256");
}

static inline EVP_PKEY *openssl_generate_rsa(unsigned int bits) {
    return EVP_RSA_gen(bits);
}

#endif
