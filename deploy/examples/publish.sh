#!/bin/sh
# Prints the chain's height, publishes a transaction, and prints its id: publish.sh RAWTX
# It knows http://localhost:8080 and no secret. PUBLISH_URL names another address.
set -eu
url=${PUBLISH_URL:-http://localhost:8080}

# Prints what is between the first KEY and the next comma or bracket of the JSON that comes in.
value() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

status=$(curl --silent --show-error --fail-with-body --max-time 30 "$url/api/v1/status")
echo "height $(printf '%s' "$status" | value blocks)"
# No --retry: a transaction is published once.
answer=$(curl --silent --show-error --fail-with-body --max-time 30 --header 'Content-Type: application/json' \
    --data "{\"rawtx\":\"$1\"}" "$url/api/v1/tx/send") || { echo "not published: $answer" >&2; exit 1; }
echo "published $(printf '%s' "$answer" | value txid)"
