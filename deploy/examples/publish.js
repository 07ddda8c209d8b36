#!/usr/bin/env node
// Prints the chain's height, publishes a transaction, and prints its id: publish.js RAWTX
// It knows http://localhost:8080 and no secret. PUBLISH_URL names another address.
'use strict';
const http = require('http');

const url = process.env.PUBLISH_URL || 'http://localhost:8080';

function call(method, path, content, then) {
  const request = http.request(url + path, { method, timeout: 30000 }, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (piece) => { text += piece; });
    answer.on('end', () => {
      if (answer.statusCode !== 200) return fail(text);
      then(JSON.parse(text));
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer in 30 s')));
  request.on('error', (error) => fail(error.message));
  if (content) request.setHeader('Content-Type', 'application/json');
  request.end(content && JSON.stringify(content));
}

function fail(reason) {
  console.error('not published: ' + reason);
  process.exitCode = 1;
}

call('GET', '/api/v1/status', null, (status) => {
  console.log('height ' + status.info.blocks);
  call('POST', '/api/v1/tx/send', { rawtx: process.argv[2] }, (answer) => {
    console.log('published ' + answer.txid);
  });
});
