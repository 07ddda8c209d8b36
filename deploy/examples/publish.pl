#!/usr/bin/env perl
# Prints the chain's height, publishes a transaction, and prints its id: publish.pl RAWTX
# It knows http://localhost:8080 and no secret. PUBLISH_URL names another address.
use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);

$| = 1;

my $url = $ENV{PUBLISH_URL} || 'http://localhost:8080';
my $http = HTTP::Tiny->new(timeout => 30, proxy => undef);

sub call {
    my ($method, $path, $content) = @_;
    my %options = (headers => { 'Content-Type' => 'application/json' });
    $options{content} = encode_json($content) if $content;
    my $answer = $http->request($method, $url . $path, \%options);
    die "not published: $answer->{content}\n" unless $answer->{status} == 200;
    return decode_json($answer->{content});
}

print 'height ', call('GET', '/api/v1/status')->{info}{blocks}, "\n";
print 'published ', call('POST', '/api/v1/tx/send', { rawtx => $ARGV[0] })->{txid}, "\n";
