/**
 * The page's script: a vertical line and the values under the pointer, on all plots over time at once. The page is
 * complete without it. Plain text here, since it runs in the reader's browser and is checked there by the tests.
 */
export const PAGE_SCRIPT = `
(function () {
  'use strict';
  var data = JSON.parse(document.getElementById('series').textContent);
  var box = document.getElementById('readout');
  var plots = Array.prototype.slice.call(document.querySelectorAll('svg[data-plot]'));
  var crosses = new Map();

  function duration(s) {
    if (s < 0.0005) return (s * 1e6).toFixed(0) + ' µs';
    if (s < 0.9995) return (s * 1e3).toFixed(s < 0.01 ? 1 : 0) + ' ms';
    if (s < 59.95) return s.toFixed(s < 10 ? 1 : 0) + ' s';
    var whole = Math.round(s);
    var parts = [[Math.floor(whole / 86400), 'd'], [Math.floor(whole / 3600) % 24, 'h'], [Math.floor(whole / 60) % 60, 'min'], [whole % 60, 's']];
    while (parts[0][0] === 0) parts.shift();
    return parts.slice(0, 2).map(function (part) { return part[0] + ' ' + part[1]; }).join(' ');
  }
  function shown(value, quantity) {
    if (value === null || value === undefined) return '-';
    return quantity === 'share' ? (value * 100).toFixed(1) + '%' : String(Math.round(value * 100) / 100);
  }
  function nearest(list, wanted) {
    var low = 0, high = list.length - 1;
    while (low < high) {
      var middle = (low + high) >> 1;
      if (list[middle] < wanted) low = middle + 1; else high = middle;
    }
    return low > 0 && wanted - list[low - 1] < list[low] - wanted ? low - 1 : low;
  }
  function number(svg, name) { return Number(svg.getAttribute('data-' + name)); }
  function cross(svg, share) {
    var line = crosses.get(svg);
    if (!line) {
      line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
      line.setAttribute('class', 'cross');
      line.setAttribute('y1', number(svg, 'top'));
      line.setAttribute('y2', number(svg, 'bottom'));
      svg.appendChild(line);
      crosses.set(svg, line);
    }
    var x = number(svg, 'left') + share * (number(svg, 'right') - number(svg, 'left'));
    line.setAttribute('x1', x);
    line.setAttribute('x2', x);
    line.style.display = '';
  }
  function hide() {
    box.style.display = 'none';
    crosses.forEach(function (line) { line.style.display = 'none'; });
  }
  function addRow(name, color, value) {
    var row = document.createElement('span');
    var label = document.createElement('i');
    label.className = color;
    label.textContent = name;
    row.append(label, value);
    box.append(row);
  }
  function fill(title, rows) {
    box.textContent = '';
    var head = document.createElement('b');
    head.textContent = title;
    box.append(head);
    rows.forEach(function (row) { addRow(row[0], row[1], row[2]); });
  }
  function place(event) {
    box.style.display = 'block';
    var width = box.offsetWidth, height = box.offsetHeight;
    var x = event.clientX + 16;
    if (x + width > window.innerWidth - 8) x = Math.max(8, event.clientX - 16 - width);
    box.style.left = x + 'px';
    box.style.top = Math.max(8, Math.min(event.clientY - height / 2, window.innerHeight - height - 8)) + 'px';
  }
  function moveOverNodes(event, area) {
    var rect = area.getBoundingClientRect();
    var block = data.heat[Number(area.getAttribute('data-block'))];
    var cells = block.strips[0].values.length;
    var cell = Math.max(0, Math.min(cells - 1, Math.floor(((event.clientX - rect.left) / rect.width) * cells)));
    var first = Math.floor((cell * block.nodes) / cells) + 1, last = Math.floor(((cell + 1) * block.nodes) / cells);
    hide();
    fill((block.pool === '' ? 'node ' : block.pool + ', node ') + (first === last ? first : first + ' to ' + last) + ' of ' + block.nodes, block.strips.map(function (strip) {
      return [strip.name, '', strip.values[cell] + '%'];
    }));
    place(event);
  }
  function move(event) {
    var svg = event.currentTarget;
    if (svg.getAttribute('data-plot') === 'heat') {
      if (event.target.hasAttribute('data-block')) moveOverNodes(event, event.target); else hide();
      return;
    }
    var rect = svg.getBoundingClientRect();
    var x = ((event.clientX - rect.left) / rect.width) * svg.viewBox.baseVal.width;
    var share = (x - number(svg, 'left')) / (number(svg, 'right') - number(svg, 'left'));
    if (share < 0 || share > 1) { hide(); return; }
    hide();
    var plot = data.plots[svg.getAttribute('data-plot')];
    if (plot && plot.kind === 'wait') {
      var wait = plot.low * Math.exp(share * Math.log(plot.high / plot.low));
      fill('within ' + duration(wait), plot.lines.map(function (line) {
        var part = 0;
        line.values.forEach(function (step) { if (step[0] <= wait) part = step[1]; });
        return [line.name, line.color, shown(part, 'share')];
      }));
      cross(svg, share);
    } else if (data.seconds.length > 0) {
      var row = nearest(data.seconds, share * data.end);
      var at = plot ? data.seconds[row] : share * data.end;
      fill(duration(at), plot ? plot.lines.map(function (line) { return [line.name, line.color, shown(line.values[row], plot.quantity)]; }) : []);
      plots.forEach(function (other) {
        var kind = data.plots[other.getAttribute('data-plot')];
        if (other.getAttribute('data-plot') !== 'heat' && (!kind || kind.kind === 'time')) cross(other, at / data.end);
      });
    } else {
      return;
    }
    place(event);
  }
  plots.forEach(function (svg) {
    svg.addEventListener('pointermove', move);
    svg.addEventListener('pointerdown', move);
    svg.addEventListener('pointerleave', hide);
  });
})();
`;
