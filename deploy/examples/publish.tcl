#!/usr/bin/env tclsh
# Prints the chain's height, publishes a transaction, and prints its id: publish.tcl RAWTX
# It knows http://localhost:8080 and no secret. PUBLISH_URL names another address.
package require http

set url http://localhost:8080
if {[info exists env(PUBLISH_URL)]} { set url $env(PUBLISH_URL) }

proc call {path arguments} {
    set token [http::geturl $::url$path -timeout 30000 {*}$arguments]
    set content [http::data $token]
    set isGood [expr {[http::status $token] eq "ok" && [http::ncode $token] == 200}]
    if {$content eq ""} { set content [http::status $token] }
    http::cleanup $token
    if {!$isGood} {
        puts stderr "not published: $content"
        exit 1
    }
    return $content
}

proc value {key json} {
    if {![regexp "\"$key\":\"?(\[^\",\}\]*)" $json -> found]} { return ? }
    return $found
}

puts "height [value blocks [call /api/v1/status {}]]"
set content "{\"rawtx\":\"[lindex $argv 0]\"}"
puts "published [value txid [call /api/v1/tx/send [list -type application/json -query $content]]]"
