// Ten things that no Streamlit command can do. Served as a file, because the security policy allows no inline script.
"use strict";

// 1. A field's text is sent when the field is left. Whoever reloads, closes or hides the page while typing has not
//    left it: leave it for them, and put the cursor back when they return.
{
  let left = null;
  const leave = () => {
    const field = document.activeElement;
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) {
      left = field;
      field.blur();
    }
  };
  addEventListener("beforeunload", leave);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
    else if (left?.isConnected && document.activeElement === document.body) left.focus({ preventScroll: true });
  });
}

// 2. A link to a question (?field=D14) brings that question into view, each time it is followed.
{
  let shown = null;
  const question = (id) => document.querySelector(`[class*="st-key-question-"][class*="-${CSS.escape(id)} "], [class*="st-key-question-"][class$="-${CSS.escape(id)}"]`);
  const show = () => {
    const wanted = new URLSearchParams(location.search).get("field");
    if (wanted === shown) return;
    if (!wanted) { shown = null; return; }
    const found = question(wanted);
    // What stands above it may still grow while the page arrives.
    if (!found || !document.documentElement.classList.contains("arrived")) return;
    shown = wanted;
    found.scrollIntoView({ block: "center" });
  };
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest('[class*="st-key-jump"]')) shown = null;
  }, true);
  new MutationObserver(show).observe(document, { childList: true, subtree: true });
  new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["class"] });
}

// 3. Streamlit opens every link in a text in a new tab. Those to our own pages stay in this one.
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[target="_blank"]') : null;
  if (link?.origin === location.origin) link.target = "_self";
}, true);

// 4. The page comes into view once its first drawing is whole: script ended, parts loaded, fonts there. A person who
//    looks at it sees nothing jump. The page's own style brings it into view after four seconds whatever happens.
{
  const drawn = '[data-testid="stApp"][data-test-script-state="notRunning"] [data-testid="stMainBlockContainer"] *';
  const isWhole = () => document.querySelector(drawn) && !document.querySelector('[data-testid="stSkeleton"]');
  const show = () => document.documentElement.classList.add("arrived");
  const watching = new MutationObserver(() => {
    if (!isWhole()) return;
    watching.disconnect();
    document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(show)));
  });
  watching.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-test-script-state"] });
}

// 5. The form that adds a file stands in a box of its own. When the file is there the box closes, as by its cross, and the
//    page draws what is new.
addEventListener("message", (event) => {
  if (event.origin !== location.origin || event.data !== "lifecycle:file-added") return;
  document.querySelector('[role="dialog"] button[aria-label="Close"]')?.click();
});

// 6. No browser shows a PDF in a frame that carries the attribute Streamlit gives to every frame. The files of evidence
//    come with a sandbox of their own, in the header of the answer: their frames can do without the attribute.
{
  const free = () => {
    for (const frame of document.querySelectorAll('iframe[sandbox][src^="/evidence/file/"]')) {
      const address = frame.getAttribute("src");
      frame.removeAttribute("sandbox"); // which counts for what is loaded from now on
      frame.addEventListener("load", () => { frame.src = address; }, { once: true });
      frame.src = "about:blank";
    }
  };
  new MutationObserver(free).observe(document, { childList: true, subtree: true });
}

// 7. When the server or its database is away, Streamlit says so in the words of programmers, and how to start it. People
//    are told what is so and what happens next, in the words that the page hands over with this script. The dialog goes
//    by itself once the page is connected again.
{
  const { away: OURS, database, server } = document.currentScript.dataset;
  const texts = (dialog) => {
    const walker = document.createTreeWalker(dialog, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) if (walker.currentNode.nodeValue.trim()) found.push(walker.currentNode);
    return found;
  };
  const speak = () => {
    for (const dialog of document.querySelectorAll('[role="dialog"]')) {
      const [heading, ...rest] = texts(dialog);
      if (!["Connection error", OURS].includes(heading?.nodeValue) || !rest.length) continue;
      const said = rest.map((node) => node.nodeValue).join(" ");
      if (said.endsWith(database) || said.endsWith(server)) continue;
      heading.nodeValue = OURS;
      rest[0].nodeValue = said.includes("503") ? database : server;
      for (const node of rest.slice(1)) node.nodeValue = "";
    }
  };
  new MutationObserver(speak).observe(document, { childList: true, subtree: true, characterData: true });
}

// 8. What went well is said in a box over the page, which the focus reaches. Streamlit names that box after a title it
//    never draws, and nothing reads it out: it is named by what it says, and that is read out as it appears.
{
  const name = () => {
    for (const box of document.querySelectorAll('[data-testid="stToast"]:not([aria-label])')) {
      const text = box.querySelector('[data-testid="stToastText"]');
      if (!text?.textContent) continue;
      box.setAttribute("aria-label", text.textContent);
      text.setAttribute("role", "alert");
    }
  };
  new MutationObserver(name).observe(document, { childList: true, subtree: true });
}

// 9. What unfolds from a button stands at the end of the page: whoever opened it with a key would go through all that
//    follows the button before they come to it. They are taken there; Escape brings them back, as it always did.
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest('[data-testid="stPopoverButton"]') : null;
  // A press of a key counts no clicks.
  if (!button || event.detail > 0 || button.getAttribute("aria-expanded") === "true") return;
  const enter = (frames) => {
    const unfolded = document.querySelector('[data-testid="stPopoverBody"]');
    if (unfolded) {
      unfolded.tabIndex = -1;
      unfolded.focus({ preventScroll: true });
    }
    if (document.activeElement === button && frames > 0) requestAnimationFrame(() => enter(frames - 1));
  };
  enter(120);
}, true);

// 10. Whoever chooses another language gets the page anew: what stands in its fields was written in the other one.
{
  const watching = new MutationObserver(() => {
    if (!document.querySelector(".st-key-load-anew")) return;
    watching.disconnect();
    location.reload();
  });
  watching.observe(document, { childList: true, subtree: true });
}
