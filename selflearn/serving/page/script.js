// What a reader may do with the page: read values off charts, ask the map, copy commands. Without it all is still there to see.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, parent, text) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    return parent.appendChild(element);
  };
  const SVG = "http://www.w3.org/2000/svg";

  // Charts: a line under the pointer, and the values there.
  for (const figure of all("[data-chart]")) {
    const { xLabel, lines } = JSON.parse(figure.dataset.chart);
    const svg = figure.querySelector("svg");
    const box = svg.viewBox.baseVal;
    const cursor = svg.appendChild(document.createElementNS(SVG, "line"));
    cursor.setAttribute("class", "cursor");
    const reading = make("div", figure);
    reading.className = "reading";
    const hide = () => { reading.hidden = true; cursor.setAttribute("visibility", "hidden"); };
    hide();
    svg.addEventListener("pointermove", (event) => {
      const area = svg.getBoundingClientRect();
      const at = (event.clientX - area.left) / area.width * box.width;
      const near = lines.map((line) => line.at[0].reduce((best, x, i) => Math.abs(x - at) < Math.abs(line.at[0][best] - at) ? i : best, 0));
      const x = lines[0].at[0][near[0]];
      for (const [name, value] of [["x1", x], ["x2", x], ["y1", 12], ["y2", box.height - 34], ["visibility", "visible"]]) cursor.setAttribute(name, value);
      reading.replaceChildren();
      make("div", reading, `${xLabel} ${lines[0].x[near[0]]}`);
      lines.forEach((line, i) => make("div", reading, `${line.name}: ${line.y[near[i]]}`));
      reading.hidden = false;
      const left = x / box.width * area.width;
      const beside = left + 12 + reading.offsetWidth > area.width ? left - 12 - reading.offsetWidth : left + 12;
      reading.style.left = `${Math.max(0, beside)}px`;
      reading.style.top = `${svg.offsetTop || area.top - figure.getBoundingClientRect().top + 8}px`;
    });
    svg.addEventListener("pointerleave", hide);
  }

  // The map: point to see, legend to hide, dots or pictures.
  const holder = document.getElementById("map-data");
  if (holder) {
    const data = JSON.parse(holder.textContent);
    const sheet = document.querySelector(".sheet");
    const [svg, canvas] = [sheet.querySelector("svg"), sheet.querySelector("canvas")];
    const ring = sheet.querySelector(".ring");
    const image = document.getElementById("map-sheet");
    const [preview, caption] = [document.querySelector(".card canvas"), document.querySelector(".card p")];
    const groups = all(".marks > g");
    const hidden = new Set();
    let kept = -1;

    const draw = (context, index, x, y, side) => {
      const cell = data.cell;
      context.imageSmoothingEnabled = cell > 32;
      context.drawImage(image, index % data.columns * cell, Math.floor(index / data.columns) * cell, cell, cell, x, y, side, side);
    };
    const show = (index) => {
      ring.toggleAttribute("hidden", index < 0);
      if (index < 0) return;
      ring.setAttribute("cx", data.x[index]);
      ring.setAttribute("cy", data.y[index]);
      if (image) { preview.hidden = false; draw(preview.getContext("2d"), index, 0, 0, preview.width); }
      caption.replaceChildren();
      make("b", caption, data.groups[data.group[index]]);
      make("br", caption);
      caption.append(data.ids[index]);
      if (data.words[index]) { make("br", caption); make("q", caption, data.words[index]); }
    };
    const nearest = (event) => {
      const area = sheet.getBoundingClientRect();
      const [px, py] = [(event.clientX - area.left) / area.width * 1000, (event.clientY - area.top) / area.height * 1000];
      let [best, distance] = [-1, 45 * 45];
      data.x.forEach((x, i) => {
        const d = (x - px) ** 2 + (data.y[i] - py) ** 2;
        if (d < distance && !hidden.has(data.group[i])) [best, distance] = [i, d];
      });
      return best;
    };
    sheet.addEventListener("pointermove", (event) => { const index = nearest(event); if (index >= 0) show(index); else show(kept); });
    sheet.addEventListener("click", (event) => { kept = nearest(event); show(kept); });
    sheet.addEventListener("pointerleave", () => show(kept));

    const paint = () => {
      if (canvas.hidden) return;
      const side = sheet.clientWidth;
      const scale = window.devicePixelRatio || 1;
      canvas.width = canvas.height = Math.round(side * scale);
      const context = canvas.getContext("2d");
      context.scale(scale, scale);
      const size = Math.max(20, side / 30);
      const taken = [];
      data.x.forEach((x, i) => {
        if (hidden.has(data.group[i])) return;
        const [left, top] = [x / 1000 * side - size / 2, data.y[i] / 1000 * side - size / 2];
        if (taken.some(([l, t]) => Math.abs(l - left) < size * 0.9 && Math.abs(t - top) < size * 0.9)) return;
        taken.push([left, top]);
        context.fillStyle = getComputedStyle(groups[data.group[i]]).getPropertyValue("--ink-of");
        context.fillRect(left - 1.5, top - 1.5, size + 3, size + 3);
        draw(context, i, left, top, size);
      });
    };
    const modes = document.querySelector(".switch");
    modes.hidden = !image;
    for (const button of all("button", modes)) {
      button.addEventListener("click", () => {
        for (const each of all("button", modes)) each.setAttribute("aria-pressed", each === button);
        canvas.hidden = button.dataset.mode === "dots";
        svg.style.visibility = canvas.hidden ? "" : "hidden";
        paint();
      });
    }
    window.addEventListener("resize", paint);

    for (const entry of all(".legend > div")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = entry.className;
      button.title = entry.title;
      button.append(...entry.childNodes);
      button.setAttribute("aria-pressed", "true");
      const number = Number(entry.dataset.group);
      entry.replaceWith(button);
      button.addEventListener("click", () => {
        if (!hidden.delete(number)) hidden.add(number);
        button.setAttribute("aria-pressed", !hidden.has(number));
        groups[number].classList.toggle("off", hidden.has(number));
        paint();
      });
      button.addEventListener("pointerenter", () => groups.forEach((group, i) => group.classList.toggle("quiet", i !== number)));
      button.addEventListener("pointerleave", () => groups.forEach((group) => group.classList.remove("quiet")));
    }
  }

  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      getSelection().selectAllChildren(code);
      try { await navigator.clipboard.writeText(code.textContent); button.textContent = "Copied"; } catch { button.textContent = document.execCommand("copy") ? "Copied" : "Selected"; }
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }

  // Where the reader is, in the bar above.
  const links = all(".top nav a");
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) for (const link of links) link.classList.toggle("here", link.hash === `#${entry.target.id}`);
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const link of links) { const target = document.querySelector(link.hash); if (target) seen.observe(target); }

  window.addEventListener("beforeprint", () => { for (const each of all("details")) each.open = true; });
})();
