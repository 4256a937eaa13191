"use strict";
// A form that asks for a passkey gets the question from the hub, has the browser put it to the device, and carries the answer.
(function () {
  const CANCELLED = "Nothing was taken: it was cancelled, or took too long. Try again.";
  const WORDS = {
    add: {
      NotAllowedError: CANCELLED,
      InvalidStateError: "This device has a passkey for you here already.",
      ConstraintError: "This device cannot ask for your fingerprint, face or PIN, which the hub needs. Set a PIN for it, or take another one.",
      NotSupportedError: "This device makes no keys of a kind that the hub takes.",
    },
    use: {
      NotAllowedError: "Nothing was taken: it was cancelled, took too long, or this device has no passkey of yours. Try again, or use another way.",
    },
  };

  function Told(words) {
    this.words = words;
  }

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }

  function text(buffer) {
    const plain = Array.from(new Uint8Array(buffer), function (byte) { return String.fromCharCode(byte); }).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  async function question(form) {
    if (location.origin !== form.dataset.origin) {
      throw new Told("This page is open at " + location.origin + ", and the hub takes itself to be at " + form.dataset.origin +
        ". Whoever runs the hub has to have its proxy pass on the host, and set TRUST_PROXY_PROTO=true where the proxy speaks https.");
    }
    if (!window.isSecureContext || !window.PublicKeyCredential) {
      throw new Told("This browser offers no passkeys at " + location.origin + ".");
    }
    const body = new URLSearchParams({ for: form.dataset.for, csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    let answer;
    try {
      answer = await fetch(form.dataset.url, { method: "POST", credentials: "same-origin", body: body });
    } catch {
      throw new Told("The hub did not answer. Try again in a moment.");
    }
    if (answer.redirected || answer.status === 403) {
      throw new Told("This page was open for too long. Load it again, then try again.");
    }
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
      throw new Told("The hub could not answer. Try again in a moment.");
    }
    const asked = await answer.json();
    if (asked.said) {
      throw new Told(asked.said);
    }
    for (const known of [...(asked.allowCredentials || []), ...(asked.excludeCredentials || [])]) {
      known.id = bytes(known.id);
    }
    asked.challenge = bytes(asked.challenge);
    if (asked.user) {
      asked.user.id = bytes(asked.user.id);
    }
    return asked;
  }

  function plain(made) {
    const said = made.response;
    const parts = { clientDataJSON: text(said.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (said[name]) {
        parts[name] = text(said[name]);
      }
    }
    if (said.getTransports) {
      parts.transports = said.getTransports();
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response: parts });
  }

  function inWords(form, error) {
    if (error instanceof Told) {
      return error.words;
    }
    if (error.name === "SecurityError") {
      return "The browser uses no passkey at " + location.origin + ". Open the hub by its name, over https.";
    }
    const words = WORDS[form.dataset.for === "add" ? "add" : "use"][error.name];
    return words || "The browser could not do it (" + error.name + "). Try again, or use another way.";
  }

  for (const form of document.querySelectorAll("form.hub-passkey")) {
    const alarm = form.querySelector("[role=alert]");
    const waiting = form.querySelector("[role=status]");
    let busy = false;
    form.querySelector(".hub-scriptless").hidden = true;
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      if (busy) {
        return;
      }
      busy = true;
      alarm.hidden = true;
      try {
        const asked = await question(form);
        waiting.hidden = false;
        const device = navigator.credentials;
        const made = await (asked.user ? device.create({ publicKey: asked }) : device.get({ publicKey: asked }));
        form.elements.passkey.value = plain(made);
        form.submit();
      } catch (error) {
        alarm.textContent = inWords(form, error);
        alarm.hidden = false;
      } finally {
        waiting.hidden = true;
        busy = false;
      }
    });
  }
})();
