"""The picture: bars of the ratio to the bare proxy, as an SVG that reads in light and dark and runs nothing."""

from html import escape

from figures import quartiles

BARS = [
    ("HTTP/1.1, answers of 100 bytes, RS256", [
        ("h1-small/nginx", "nginx, no check"),
        ("h1-small/haproxy-public", "HAProxy, no check"),
        ("h1-small/bare", "bare Pingora, no check"),
        ("h1-small/envoy-public", "Envoy, no check"),
        ("h1-small/nginx-lua", "nginx, Lua and a cache, one token"),
        ("h1-small/warm", "Portcullis, one token"),
        ("h1-small/turn", "Portcullis, 10,000 tokens in turn"),
        ("h1-small/cold", "Portcullis, every token new"),
        ("h1-small/bad", "Portcullis, bad signatures only"),
        ("h1-small/haproxy", "HAProxy jwt_verify, one token"),
        ("h1-small/envoy-cache", "Envoy jwt_authn, cache on, one token"),
        ("h1-small/envoy", "Envoy jwt_authn, cache off"),
    ]),
    ("HTTP/1.1, answers of 100 KB", [
        ("h1-large/bare", "bare Pingora, no check"),
        ("h1-large/warm", "Portcullis, one token"),
        ("h1-large/haproxy", "HAProxy jwt_verify, one token"),
        ("h1-large/envoy-cache", "Envoy jwt_authn, cache on, one token"),
    ]),
    ("HTTP/2 over TLS, answers of 100 bytes", [
        ("h2-small/bare", "bare Pingora, no check"),
        ("h2-small/warm", "Portcullis, one token"),
        ("h2-small/haproxy", "HAProxy jwt_verify, one token"),
        ("h2-small/envoy-cache", "Envoy jwt_authn, cache on, one token"),
    ]),
]
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .faint { fill: #59636e }
  .ours { fill: #0969da } .other { fill: #8c959f } .range { stroke: #1f2328; stroke-width: 1.5 } .one { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .faint { fill: #9198a1 }
    .ours { fill: #4493f8 } .other { fill: #6e7681 } .range { stroke: #e6edf3 } .one { stroke: #9198a1 }
  }
"""
LEFT, WIDTH, RIGHT, STEP = 270, 430, 60, 22


def picture(figures):
    """The SVG's text; rows that were not measured are left out."""
    groups = []
    for title, bars in BARS:
        known = []
        for key, label in bars:
            base = f"{key.split('/')[0]}/bare"
            if figures.has(key, base):
                known.append((key, label, quartiles(figures.ratios(key, base))))
        if known:
            groups.append((title, known))
    widest = max((high for _, bars in groups for *_, (_, _, high) in bars), default=1)
    scale, y, parts = WIDTH / widest, 46, []
    for title, bars in groups:
        y += 14
        parts.append(f'<text class="title" x="0" y="{y}">{escape(title)}</text>')
        y += 10
        top = y
        for key, label, (low, middle, high) in bars:
            kind = "ours" if label.startswith("Portcullis") else "other"
            centre = y + STEP / 2
            parts.append(f'<text x="{LEFT - 8}" y="{centre + 4.5}" text-anchor="end">{escape(label)}</text>')
            parts.append(f'<rect class="{kind}" x="{LEFT}" y="{y + 4}" width="{middle * scale:.1f}" height="{STEP - 8}" rx="2"/>')
            parts.append(f'<line class="range" x1="{LEFT + low * scale:.1f}" x2="{LEFT + high * scale:.1f}" '
                         f'y1="{centre}" y2="{centre}"/>')
            parts.append(f'<text x="{LEFT + high * scale + 6:.1f}" y="{centre + 4.5}">{middle:.2f}</text>')
            y += STEP
        one = LEFT + scale
        parts.append(f'<line class="one" x1="{one:.1f}" x2="{one:.1f}" y1="{top}" y2="{y}"/>')
        y += 8
    across = LEFT + WIDTH + RIGHT
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {y}" width="{across}" height="{y}" role="img" '
        'aria-labelledby="title">',
        '<title id="title">CPU time of the gateway for one request, as a ratio to a bare Pingora proxy</title>',
        f"<style>{STYLE}</style>",
        '<text class="title" x="0" y="16">CPU time of the gateway for one request, bare Pingora = 1</text>',
        '<text class="faint" x="0" y="34">Less is better. Medians of paired slices in one run; the line in a bar spans the '
        "quartiles.</text>",
        *parts,
        "</svg>",
    ]) + "\n"
