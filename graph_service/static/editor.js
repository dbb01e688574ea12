// The SPARQL editor over the plain form: highlighting, completion that knows the class of a subject, progress, a stop button.
(() => {
  "use strict";
  if (!window.Yasqe) return;
  const form = document.getElementById("ask");
  const plain = document.getElementById("query");
  const run = document.getElementById("run");
  const stop = document.getElementById("stop");
  const progress = document.getElementById("progress");
  const outcome = document.getElementById("outcome");
  const shown = document.getElementById("shown");
  const BASE = "https://w3id.org/imaging-survey/";
  let words = { prefixes: {}, classes: [], properties: [], used: {}, values: {}, schemes: {}, things: {} };
  const labels = new Map();

  const expand = (name) => { const at = name.indexOf(":"); return (words.prefixes[name.slice(0, at)] || name.slice(0, at + 1)) + name.slice(at + 1); };
  const shorten = (iri) => {
    for (const [prefix, start] of Object.entries(words.prefixes)) {
      if (iri.startsWith(start) && !/[/#]/.test(iri.slice(start.length))) return `${prefix}:${iri.slice(start.length)}`;
    }
    return `<${iri}>`;
  };

  // What stands before the cursor in its statement: subject, property and the beginning of a word.
  const place = (editor) => {
    const cursor = editor.getDoc().getCursor();
    const before = editor.getDoc().getRange({ line: 0, ch: 0 }, cursor).replace(/#[^\n<>]*\n/g, "\n");
    const inside = before.slice(before.lastIndexOf("{") + 1);
    const start = (/[^\s{};,.()]*$/.exec(before) || [""])[0];
    const sentence = inside.slice(0, inside.length - start.length).split(/\.(?=\s|$)/).pop();
    const clauses = sentence.split(";");
    const first = clauses[0].trim().split(/\s+/).filter(Boolean);
    const last = clauses[clauses.length - 1].trim().split(/\s+/).filter(Boolean);
    const subject = first[0] || "";
    const tokens = clauses.length > 1 ? last : last.slice(1);
    return { cursor, start, subject, property: tokens[0] || "", wants: !subject ? "subject" : tokens.length === 0 ? "property" : "value" };
  };

  const classOf = (text, subject) => {
    const name = subject.replace(/[?$]/, "\\$&");
    const found = new RegExp(`${name}\\s+(?:[^.{}]*;\\s*)?(?:a|rdf:type)\\s+([\\w-]+:[\\w-]+)`).exec(text);
    return found ? found[1] : "";
  };

  const suggestions = (editor) => {
    const at = place(editor);
    let list = [];
    if (at.wants === "property") {
      const own = words.used[classOf(editor.getValue(), at.subject)];
      const known = new Map(words.properties.map((each) => [each[0], each]));
      const names = own || words.properties.map((each) => each[0]);
      list = ["a", ...names].map((name) => ({ text: name, label: (known.get(name) || [])[1] || "is a" }));
    } else if (at.wants === "value" && /^(a|rdf:type)$/.test(at.property)) {
      list = words.classes.map(([name, label, count]) => ({ text: name, label: `${label}, ${count}` }));
    } else if (at.wants === "value") {
      const scheme = words.values[at.property.split(/[/|*+?]/)[0]];
      list = (words.schemes[scheme] || []).map(([slug, label]) => ({ text: `${scheme}:${slug}`, label }));
    }
    const wanted = at.start.toLowerCase();
    list = list.filter((each) => !wanted || each.text.toLowerCase().includes(wanted) || each.label.toLowerCase().includes(wanted));
    list.sort((a, b) => Number(b.text.toLowerCase().startsWith(wanted)) - Number(a.text.toLowerCase().startsWith(wanted)));
    return {
      from: { line: at.cursor.line, ch: at.cursor.ch - at.start.length },
      to: at.cursor,
      list: list.slice(0, 60).map((each) => ({
        text: each.text,
        displayText: `${each.text}  –  ${each.label}`,
        hint: (cm, data, chosen) => {
          cm.getDoc().replaceRange(chosen.text, data.from, data.to);
          const prefix = chosen.text.split(":")[0];
          if (chosen.text.includes(":") && words.prefixes[prefix] && !new RegExp(`prefix\\s+${prefix}:`, "i").test(cm.getValue())) {
            setTimeout(() => cm.addPrefixes({ [prefix]: words.prefixes[prefix] }), 0);
          }
        },
      })),
    };
  };

  const complete = (editor) => editor.showHint({ hint: () => suggestions(editor), completeSingle: false, closeCharacters: /[\s;.]/ });

  const holder = document.createElement("div");
  holder.className = "editor";
  plain.after(holder);
  window.Yasqe.defaults.autocompleters = [];
  const editor = new window.Yasqe(holder, {
    value: plain.value,
    persistenceId: null,
    consumeShareLink: null,
    createShareableLink: () => location.origin + "/sparql?query=" + encodeURIComponent(editor.getValue()),
    createShortLink: undefined,
    prefixCcApi: null,
    autocompleters: [],
    showQueryButton: false,
    pluginButtons: undefined,
    resizeable: false,
    editorHeight: "auto",
    lineWrapping: true,
    viewportMargin: Infinity,
    queryingDisabled: undefined,
    collapsePrefixesOnLoad: false,
    screenReaderLabel: "Query",
    requestConfig: { endpoint: "/sparql" },
    extraKeys: { "Ctrl-Space": complete, "Ctrl-Enter": () => form.requestSubmit(), "Cmd-Enter": () => form.requestSubmit(), Tab: false, "Shift-Tab": false, Esc: () => run.focus() },
  });
  window.surveyEditor = editor;
  plain.hidden = true;
  plain.removeAttribute("required");
  plain.removeAttribute("id");
  document.querySelector("label[for=query]").removeAttribute("for");
  for (const field of holder.querySelectorAll("textarea")) { field.setAttribute("aria-label", "Query"); field.setAttribute("aria-describedby", "keys"); }
  document.getElementById("keys").hidden = false;
  editor.on("inputRead", (_, change) => { if (/^[\w:-]$/.test(change.text.join("")) && !editor.state.completionActive) setTimeout(() => { if (!editor.state.completionActive) complete(editor); }, 0); });
  editor.on("change", () => { plain.value = editor.getValue(); });

  fetch("/words.json").then((answer) => answer.json()).then((found) => {
    words = found;
    for (const [scheme, values] of Object.entries({ ...words.schemes, ...words.things })) for (const [slug, label] of values) labels.set(`${BASE}${scheme}/${slug}`, label);
  });

  let running = null;
  const show = (heading, ...content) => { outcome.hidden = false; outcome.textContent = heading; shown.replaceChildren(...content); };
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const cell = (term) => {
    if (!term) return "";
    if (term.type === "uri") {
      const own = term.value.startsWith(BASE);
      const link = element("a", { href: own ? "/" + term.value.slice(BASE.length) : term.value, title: term.value }, labels.get(term.value) || shorten(term.value).replace(/^<|>$/g, ""));
      return link;
    }
    return typeof term.value === "object" ? JSON.stringify(term.value) : term.value;
  };
  const scrolled = (content) => element("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "outcome" }, content);
  const table = (answer) => {
    const names = answer.head.vars;
    const rows = answer.results.bindings;
    const head = element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
    const body = element("tbody", {}, ...rows.slice(0, 1000).map((row) => element("tr", {}, ...names.map((name) => element("td", {}, cell(row[name]))))));
    const more = rows.length > 1000 ? [element("p", { class: "notice" }, "The first 1,000 rows are shown; choose a format to get all.")] : [];
    show(`${rows.length.toLocaleString("en")} row${rows.length === 1 ? "" : "s"}`, scrolled(element("table", {}, head, body)), ...more);
  };

  form.addEventListener("submit", async (event) => {
    plain.value = editor.getValue();
    if (document.getElementById("format").value !== "html") return;
    event.preventDefault();
    running?.abort();
    const own = new AbortController();
    running = own;
    const started = performance.now();
    const clock = setInterval(() => { progress.textContent = `Running for ${Math.round((performance.now() - started) / 1000)} s …`; }, 250);
    stop.hidden = false;
    history.replaceState(null, "", "/sparql?query=" + encodeURIComponent(plain.value));
    try {
      const answer = await fetch("/sparql", {
        method: "POST",
        headers: { "Content-Type": "application/sparql-query", Accept: "application/sparql-results+json, text/turtle;q=0.9, application/problem+json;q=0.8" },
        body: plain.value,
        signal: own.signal,
      });
      const text = await answer.text();
      const kind = answer.headers.get("content-type") || "";
      const took = `${Math.round(performance.now() - started).toLocaleString("en")} ms`;
      if (!answer.ok) {
        const problem = kind.includes("json") ? JSON.parse(text) : { title: "No answer", detail: text };
        show(problem.title, element("div", { class: "notice problem", role: "alert" }, element("p", {}, problem.detail || "")));
        if (problem.line) { editor.focus(); editor.getDoc().setCursor(problem.line - 1, (problem.column || 1) - 1); }
      } else if (kind.includes("results+json")) {
        const found = JSON.parse(text);
        if ("boolean" in found) show(found.boolean ? "Yes" : "No"); else table(found);
      } else show("Statements", scrolled(element("pre", {}, text.slice(0, 500000))));
      progress.textContent = `Answered in ${took}.`;
    } catch (error) {
      progress.textContent = error.name === "AbortError" ? "Stopped." : "The service could not be reached.";
    } finally {
      clearInterval(clock);
      if (running === own) { running = null; stop.hidden = true; }
    }
  });
  stop.addEventListener("click", () => { running?.abort(); run.focus(); });
})();
