extension StatusPage {
    /// Follows `/events` and shows what they tell. All text goes in as text, so nothing that a stranger wrote becomes markup.
    static let script = #"""

        "use strict";
        const historyMax = 120;
        const byId = (id) => document.getElementById(id);
        const cards = { routes: new Map(), tokens: new Map() };
        let last = null, shownErrors = "", isPaused = false, source = null;

        function make(tag, className, text, parent) {
          const element = document.createElement(tag);
          if (className) element.className = className;
          if (text !== undefined) element.textContent = text;
          if (parent) parent.append(element);
          return element;
        }

        function draw(tag, attributes, parent) {
          const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
          for (const name in attributes) element.setAttribute(name, attributes[name]);
          if (parent) parent.append(element);
          return element;
        }

        // Only what changes, lest a screen reader begin anew.
        function say(element, text) { if (element.textContent !== text) element.textContent = text; }
        function label(element, text) { if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text); }

        const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

        function span(seconds) {
          if (seconds === null || seconds === undefined) return "–";
          const whole = Math.round(seconds);
          if (whole < 120) return `${whole} s`;
          if (whole < 7200) return `${Math.floor(whole / 60)} min`;
          if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
          return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
        }

        function duration(seconds) {
          if (seconds === null) return "–";
          if (seconds === Infinity) return "> 1 min";
          if (seconds < 0.001) return `${+(seconds * 1e6).toPrecision(3)} µs`;
          return seconds < 1 ? `${+(seconds * 1e3).toPrecision(3)} ms` : `${+seconds.toPrecision(3)} s`;
        }

        function number(value) { return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(1); }

        function quantile(share, buckets, bounds) {
          const total = buckets.reduce((sum, count) => sum + count, 0);
          if (total === 0) return null;
          let count = 0;
          for (let index = 0; index < buckets.length; index++) {
            count += buckets[index];
            if (count >= share * total) return index < bounds.length ? bounds[index] : Infinity;
          }
          return Infinity;
        }

        // Cards that are there stay, those of names that are gone go.
        function reconcile(kind, names, build) {
          const present = new Set(names);
          for (const [name, card] of cards[kind]) {
            if (!present.has(name)) { card.root.remove(); cards[kind].delete(name); }
          }
          for (const name of names) {
            if (!cards[kind].has(name)) cards[kind].set(name, build(name, byId(kind)));
          }
        }

        function beginCard(name, parent) {
          const root = make("article", "card", undefined, parent);
          const head = make("header", "", undefined, root);
          make("h3", "", name, head);
          return { root, state: make("p", "state", "", head) };
        }

        function fact(list, name) {
          const place = make("div", "", undefined, list);
          make("dt", "", name, place);
          return make("dd", "", "–", place);
        }

        function tokenCard(name, parent) {
          const card = beginCard(name, parent);
          card.origin = make("p", "quiet", "", card.root);
          card.bar = draw("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img" }, card.root);
          draw("rect", { class: "track", width: 100, height: 10 }, card.bar);
          card.left = draw("rect", { class: "left", width: 0, height: 10 }, card.bar);
          card.renewal = draw("line", { class: "renewal", y1: 0, y2: 10 }, card.bar);
          const list = make("dl", "", undefined, card.root);
          card.facts = { expiry: fact(list, "Runs out in"), renewal: fact(list, "Next call in"), generation: fact(list, "Token no.") };
          card.problem = make("p", "bad", "", card.root);
          card.advice = make("p", "", "", card.root);
          return card;
        }

        function showToken(card, name, token) {
          const isBad = token.isUsed && token.problem !== null;
          const isWorried = !isBad && (token.failures > 0 || token.isDoubted);
          card.root.classList.toggle("troubled", isBad);
          card.state.className = `state ${isBad ? "bad" : isWorried ? "warn" : "good"}`;
          say(card.state, `${isBad ? "✗" : isWorried ? "!" : "✓"} ${token.state}${token.isUsed ? "" : ", not used"}`);
          say(card.origin, token.endpoint === null ? `${token.type}, not fetched` : `${token.type} from ${token.endpoint}`);
          const hasLife = token.expiresInSeconds !== null && token.lifetimeSeconds > 0;
          const share = hasLife ? Math.min(1, token.expiresInSeconds / token.lifetimeSeconds) : token.isUsable ? 1 : 0;
          card.left.setAttribute("width", 100 * share);
          card.bar.classList.toggle("low", share < 0.15 || !token.isUsable);
          card.bar.classList.toggle("doubted", token.isDoubted);
          // The bar drains to the left: the call is due where the line is.
          const isDue = hasLife && token.nextCallInSeconds !== null && token.nextCallInSeconds <= token.expiresInSeconds;
          card.renewal.style.display = isDue ? "" : "none";
          if (isDue) {
            const place = 100 * (token.expiresInSeconds - token.nextCallInSeconds) / token.lifetimeSeconds;
            card.renewal.setAttribute("x1", place);
            card.renewal.setAttribute("x2", place);
          }
          label(card.bar, hasLife ? `${Math.ceil(share * 20) * 5} % of the token's life is left` : token.isUsable ? "The token does not run out" : "There is no token");
          say(card.facts.expiry, token.expiresInSeconds === null ? (token.isUsable ? "never" : "–") : span(token.expiresInSeconds));
          say(card.facts.renewal, span(token.nextCallInSeconds));
          say(card.facts.generation, String(token.generation));
          const problem = token.problem ?? token.lastFailure ?? token.warning;
          card.problem.hidden = problem === null;
          card.problem.className = isBad ? "bad" : "warn";
          say(card.problem, capital(problem ?? ""));
          card.advice.hidden = token.advice === null;
          say(card.advice, token.advice === null ? "" : `What to do: ${token.advice}`);
        }

        function plot(parent, caption, hasSecond) {
          const figure = make("figure", "", undefined, parent);
          const image = draw("svg", { class: "plot", viewBox: `0 0 ${historyMax - 1} 40`, preserveAspectRatio: "none", role: "img" }, figure);
          const lines = [draw("path", {}, image)];
          if (hasSecond) lines.push(draw("path", { class: "second" }, image));
          return { image, lines, caption: make("figcaption", "", caption, figure) };
        }

        // A line breaks where there is no value.
        function trace(values, place) {
          let text = "", isDown = false;
          values.forEach((value, index) => {
            if (value === null) { isDown = false; return; }
            const x = historyMax - values.length + index, y = 38 - 36 * place(value);
            text += `${isDown ? "L" : "M"}${x} ${y.toFixed(1)}${isDown ? "" : "h.01"}`;
            isDown = true;
          });
          return text;
        }

        function routeCard(name, parent) {
          const card = beginCard(name, parent);
          card.way = make("p", "", "", card.root);
          card.addresses = make("p", "quiet", "", card.root);
          const list = make("dl", "", undefined, card.root);
          card.facts = {
            rate: fact(list, "Requests/s"), half: fact(list, "Half within"), most: fact(list, "99 % within"),
            total: fact(list, "Requests"), failed: fact(list, "Failed (5xx)"), replays: fact(list, "Sent anew"),
            open: fact(list, "Connections"), idle: fact(list, "Of them idle"), waiting: fact(list, "Waiting"),
          };
          card.ratePlot = plot(card.root, "", false);
          card.timePlot = plot(card.root, "", true);
          card.history = { rate: [], half: [], most: [] };
          return card;
        }

        function remember(history, value) {
          history.push(value);
          if (history.length > historyMax) history.shift();
        }

        function showRoute(card, name, route, status) {
          const before = last?.routes[name];
          const seconds = last === null ? 0 : status.uptimeSeconds - last.uptimeSeconds;
          const isLater = before !== undefined && seconds > 0 && before.requests.total <= route.requests.total;
          if (isLater) {
            const buckets = route.durations.whole.buckets.map((count, index) => count - before.durations.whole.buckets[index]);
            remember(card.history.rate, (route.requests.total - before.requests.total) / seconds);
            remember(card.history.half, quantile(0.5, buckets, status.durationBoundsSeconds));
            remember(card.history.most, quantile(0.99, buckets, status.durationBoundsSeconds));
          }
          const failures = isLater ? route.requests["5xx"] - before.requests["5xx"] : 0;
          const token = status.credentials[route.credential];
          const hasToken = token.problem === null;
          const isTroubled = failures > 0 || !hasToken;
          card.state.className = `state ${isTroubled ? "bad" : "good"}`;
          say(card.state, !hasToken ? (token.isDoubted ? "✗ token refused" : token.isUsable ? "✗ token runs out" : "✗ no token") : failures > 0 ? "✗ failing" : "✓ no failures now");
          card.root.classList.toggle("troubled", isTroubled);
          say(card.way, `${route.listen.join(", ")}${route.pathPrefix === "/" ? "" : ` ${route.pathPrefix}`} → ${route.upstream}`);
          say(card.addresses, `with credential ${route.credential}, ${route.addresses.length === 0 ? "not looked up yet" : `at ${route.addresses.join(", ")}`}`);
          const now = (values) => values.length === 0 ? null : values[values.length - 1];
          const rate = now(card.history.rate);
          say(card.facts.rate, rate === null ? "–" : number(rate));
          say(card.facts.half, duration(now(card.history.half)));
          say(card.facts.most, duration(now(card.history.most)));
          say(card.facts.total, number(route.requests.total));
          say(card.facts.failed, number(route.requests["5xx"]));
          say(card.facts.replays, number(route.requests.replays + route.requests.retries));
          say(card.facts.open, `${route.connections.open} of ${route.connections.limit}`);
          say(card.facts.idle, String(route.connections.idle));
          say(card.facts.waiting, `${route.queue.waiting} of ${route.queue.limit}`);
          showPlots(card);
          return isTroubled;
        }

        function showPlots(card) {
          const top = Math.max(1, ...card.history.rate);
          card.ratePlot.lines[0].setAttribute("d", trace(card.history.rate, (value) => value / top));
          say(card.ratePlot.caption, `Requests per second, up to ${number(top)}; 2 minutes`);
          label(card.ratePlot.image, `Requests per second, at most ${number(top)}`);
          // Times differ by powers of ten.
          const level = (value) => Math.max(0, Math.min(1, Math.log10(Math.min(value, 60) / 2.5e-5) / Math.log10(60 / 2.5e-5)));
          card.timePlot.lines[0].setAttribute("d", trace(card.history.half, level));
          card.timePlot.lines[1].setAttribute("d", trace(card.history.most, level));
          const slowest = card.history.most.reduce((most, value) => value === null ? most : Math.max(most, value), 0);
          say(card.timePlot.caption, "Half within, and dashed 99 % (25 µs to 1 min)");
          label(card.timePlot.image, slowest === 0 ? "No requests in the last 2 minutes" : `Slowest second: 99 % of the requests within ${duration(slowest)}`);
        }

        function showErrors(errors) {
          const text = JSON.stringify(errors);
          if (text === shownErrors) return;
          shownErrors = text;
          byId("no-errors").hidden = errors.length > 0;
          byId("errors").hidden = errors.length === 0;
          byId("errors").replaceChildren(...errors.map((error) => {
            const entry = make("li");
            const head = make("p", "", undefined, entry);
            make("strong", "", error.code, head);
            head.append(` ${error.route ? `on route ${error.route}` : error.credential ? `of credential ${error.credential}` : ""} `);
            make("span", "quiet", `${error.count}×, last at ${error.lastTime.slice(0, 19).replace("T", " ")} UTC`, head);
            make("p", "", capital(error.message), entry);
            if (error.advice) make("p", "", `What to do: ${error.advice}`, entry);
            return entry;
          }));
        }

        function showState(kind, mark, text) {
          byId("state").className = `state ${kind}`;
          say(byId("state").querySelector(".mark"), mark);
          say(byId("state").querySelector(".text"), text);
        }

        function whyNotReady(status) {
          const names = Object.keys(status.credentials).filter((name) => status.credentials[name].isUsed && status.credentials[name].problem !== null);
          if (names.length === 0) return "not ready";
          return `not ready: credential${names.length === 1 ? "" : "s"} ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
        }

        // How many there are, where that is more than a look tells.
        function countOf(all, troubled) { return troubled > 0 ? `${all}, of which ${troubled} in trouble` : String(all); }

        function show(status) {
          const words = { ready: ["good", "✓", "ready"], draining: ["warn", "!", "draining: it ends when the requests under way have ended"] };
          showState(...(words[status.state] ?? ["bad", "✗", whyNotReady(status)]));
          const clients = status.loops.reduce((sum, loop) => sum + (loop.clients ?? 0), 0);
          const silent = status.loops.filter((loop) => !loop.isResponding).length;
          say(byId("summary"), `running for ${span(status.uptimeSeconds)}, ${clients} client${clients === 1 ? "" : "s"}, ${status.loops.length} loop${status.loops.length === 1 ? "" : "s"}`
            + (silent > 0 ? `, of which ${silent} did not answer` : ""));
          if (last !== null && last.startTime !== status.startTime) last = null;
          reconcile("tokens", Object.keys(status.credentials), tokenCard);
          for (const [name, card] of cards.tokens) showToken(card, name, status.credentials[name]);
          const tokens = Object.values(status.credentials);
          say(byId("tokens-count"), countOf(tokens.length, tokens.filter((token) => token.isUsed && token.problem !== null).length));
          reconcile("routes", Object.keys(status.routes), routeCard);
          let troubled = 0;
          for (const [name, card] of cards.routes) if (showRoute(card, name, status.routes[name], status)) troubled++;
          say(byId("routes-count"), countOf(cards.routes.size, troubled));
          say(byId("version"), `bearerproxy ${status.version}${status.commit === null ? "" : `, commit ${status.commit}`}, ${status.openssl}`);
          showErrors(status.errors);
          document.title = `${status.state === "ready" ? "" : "✗ "}bearerproxy: ${status.state}`;
          last = status;
        }

        function follow() {
          source = new EventSource("/events");
          source.onmessage = (event) => { if (!isPaused) show(JSON.parse(event.data)); };
          source.onerror = () => {
            showState("bad", "✗", "no answer: what stands here is how it was");
            // After an answer that is no stream, the browser does not try again by itself.
            if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
          };
        }

        byId("pause").addEventListener("click", (event) => {
          isPaused = !isPaused;
          event.target.setAttribute("aria-pressed", String(isPaused));
        });
        follow();

        """#
}
