// What only a script can do: keep the place after a part of the page was exchanged, and say it. Everything works without.
(function () {
  "use strict";
  document.documentElement.classList.add("has-script");
  // Said before htmx begins with the page; in the pages themselves it would go over the wire with each of them.
  if (window.htmx) {
    Object.assign(window.htmx.config, {
      includeIndicatorStyles: false, allowEval: false, selfRequestsOnly: true, historyCacheSize: 0,
      refreshOnHistoryMiss: true, scrollBehavior: "auto",
      responseHandling: [{ code: "204", swap: false }, { code: "...", swap: true }]
    });
  }
  // The style of a first page stands within it; the next one asks for the file, which is fetched once all is shown.
  var within = document.querySelector("style[data-kept]");
  if (within && window.fetch) {
    window.addEventListener("load", function () {
      window.fetch(within.getAttribute("data-kept")).catch(function () { /* the next page asks for it itself */ });
    });
  }
  function focusOn(element) {
    if (!element.hasAttribute("tabindex") && !element.matches("a[href],button,input,select,textarea,summary")) {
      element.setAttribute("tabindex", "-1");
    }
    element.focus({ preventScroll: false });
  }
  // What a card tells of itself is new where that card was exchanged, not where a whole list was (a filter).
  function within_what_changed(root, selector) {
    return Array.prototype.filter.call(root.querySelectorAll(selector), function (one) {
      var card = one.closest(".card");
      return !card || card.contains(root);
    });
  }
  var said = "";
  function arrived(root) {
    var live = document.getElementById("live"), own = within_what_changed(root, "[data-focus]")[0];
    // Whoever still stands in what stayed is not taken away from there (a choice that a figure beside it goes by).
    var stays = document.activeElement && document.activeElement !== document.body;
    var target = own || (stays ? null : root.querySelector("h1") || root.querySelector("h2, h3"));
    // What takes the focus is read for that; said by the live region as well it would be heard twice.
    var words = within_what_changed(root, "[data-say]").filter(function (one) {
      return !target || !target.contains(one);
    }).map(function (one) { return one.textContent.trim(); });
    if (!words.length && said && !own) { words = [said]; }
    said = "";
    if (target) { focusOn(target); }
    if (live && words.length) {
      live.textContent = "";
      // After the focus: a screen reader that is told of the new focus breaks off what it was about to say.
      window.setTimeout(function () { live.textContent = words.slice(0, 2).join(" "); }, 500);
    }
  }
  // A refusal is a page of its own: it takes the place of the whole main part, whatever was to be exchanged.
  document.addEventListener("htmx:beforeSwap", function (event) {
    // What the page says at its head is not in the part that is exchanged (an act that was undone): it is read out all the same.
    var answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector(".said [data-say]");
    said = answer ? answer.textContent.trim() : "";
    if (event.detail.xhr.status >= 400) {
      event.detail.shouldSwap = true;
      event.detail.target = document.getElementById("main");
      event.detail.selectOverride = "#main";
      event.detail.swapOverride = "outerHTML";
    }
  });
  document.addEventListener("htmx:afterSettle", function (event) { arrived(event.detail.elt || document.body); });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) { window.print(); }
  });
  // Well before the session ends for want of use one is told, and one press keeps it, with all that was typed.
  var bar = document.getElementById("expiring"), waits;
  function used() {
    window.clearTimeout(waits);
    bar.hidden = true;
    waits = window.setTimeout(function () { bar.hidden = false; }, (Number(bar.dataset.minutes) - 5) * 60000);
  }
  if (bar) {
    used();
    document.addEventListener("htmx:afterRequest", used);
    bar.querySelector("button").addEventListener("click", function () {
      window.fetch("/still-here", { redirect: "manual" }).then(function (answer) {
        if (answer.status === 204) { used(); } else { window.location.assign("/sign-in"); }
      });
    });
  }
  // What has to be mended, or else what was found by the form above it, is where a page that answers begins.
  var first = document.querySelector(".summary") || document.querySelector("h2[data-focus]");
  // Once the page is whole: a screen reader that is told of it earlier goes to where it was on this page before.
  if (first) {
    window.addEventListener("load", function () { focusOn(first); });
  }
})();
