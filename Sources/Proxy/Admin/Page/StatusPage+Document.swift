extension StatusPage {
    /// What stands in the page before its script has anything to show. `STYLE` and `SCRIPT` are put in.
    static let document = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>bearerproxy</title>
        <link rel="icon" href="data:,">
        <style>STYLE</style>
        </head>
        <body>
        <a class="skip" href="#routes">To the routes</a>
        <header>
          <h1>bearerproxy</h1>
          <p id="state" class="state" role="status" aria-live="polite"><span class="mark" aria-hidden="true">…</span> <span class="text">asking</span></p>
          <p id="summary" class="quiet"></p>
          <button id="pause" type="button" aria-pressed="false">Pause</button>
        </header>
        <main>
          <noscript><p>This page needs its script. The same is told by <a href="/status.json">/status.json</a> and by <code>bearerproxy status</code>.</p></noscript>
          <section aria-labelledby="tokens-title">
            <h2 id="tokens-title">Tokens <span id="tokens-count" class="quiet"></span></h2>
            <div id="tokens" class="cards"></div>
          </section>
          <section aria-labelledby="routes-title">
            <h2 id="routes-title">Routes <span id="routes-count" class="quiet"></span></h2>
            <div id="routes" class="cards" tabindex="-1"></div>
          </section>
          <section aria-labelledby="errors-title">
            <h2 id="errors-title">Errors</h2>
            <p id="no-errors" class="quiet">None since the start.</p>
            <ol id="errors" class="errors" hidden></ol>
          </section>
        </main>
        <footer class="quiet">
          <p id="version"></p>
          <p>For programs: <a href="/status.json">status.json</a>, <a href="/metrics">metrics</a>, <a href="/readyz">readyz</a>, <a href="/healthz">healthz</a></p>
        </footer>
        <script>SCRIPT</script>
        </body>
        </html>

        """#
}
