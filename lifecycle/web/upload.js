// The form works without this. With it: a file that is too large is refused before it is sent, the person sees how far
// it is, what they typed stays when something is refused, and the box around the form closes when the file is there.
"use strict";

for (const form of document.querySelectorAll("form[data-upload]")) {
  const problem = form.querySelector("[data-problem]");
  const progress = form.querySelector("[data-progress]");
  const button = form.querySelector("button[type=submit]");

  const refuse = (sentences) => {
    problem.textContent = sentences.join(" ");
    problem.hidden = false;
    progress.textContent = "";
    button.disabled = false;
    problem.scrollIntoView({ block: "nearest" });
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.hidden = true;
    const file = form.elements.file.files[0];
    if (!file) return refuse([form.dataset.choose]);
    if (file.size > Number(form.dataset.largest)) return refuse([form.dataset.tooLarge]);
    const sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.setRequestHeader("Accept", "application/json");
    sending.upload.addEventListener("progress", (sent) => {
      const part = sent.lengthComputable ? Math.floor((100 * sent.loaded) / sent.total) : 0;
      progress.textContent = part < 100 ? form.dataset.sendingPart.replace("{share}", part) : form.dataset.storing;
    });
    sending.addEventListener("error", () => refuse([form.dataset.lost]));
    sending.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(sending.responseText); } catch { /* no answer of ours */ }
      if (answer.to) location.assign(answer.to);
      else refuse(Object.values(answer.problems ?? { "": sending.responseText.slice(0, 300) || form.dataset.failed }));
    });
    button.disabled = true;
    progress.textContent = form.dataset.sending;
    sending.send(new FormData(form));
  });
}

if (document.body.hasAttribute("data-added") && parent !== window) {
  parent.postMessage("lifecycle:file-added", location.origin);
}
