// A colour token of theme.css as the present light makes it, for charts that know no CSS.
window.atriumToken = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};
