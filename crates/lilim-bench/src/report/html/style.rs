//! The look of the page: one stylesheet, light and dark, with the system's fonts.

/// Colours are named by what they mean. Text stands out from its ground by 4.5 to 1 or more.
pub(super) const CSS: &str = r#"
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f8fa; --line: #d0d7de; --text: #1b1f24; --muted: #57606a;
  --accent: #0550ae; --dot: #0969da; --box: #b6d4fb; --bar: #8a3ffc;
  --pass: #116329; --fail: #a40e26; --null: #6f4400;
  --part-1: #0550ae; --part-2: #8250df; --part-3: #a33c00; --part-4: #116329; --part-5: #a0307a;
  --part-6: #57606a; --on-part: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --raised: #161b22; --line: #3d444d; --text: #e6edf3; --muted: #9da7b1;
    --accent: #79c0ff; --dot: #79c0ff; --box: #1f4a7d; --bar: #d2a8ff;
    --pass: #56d364; --fail: #ff8b82; --null: #e3b341;
    --part-1: #79c0ff; --part-2: #d2a8ff; --part-3: #ffa657; --part-4: #7ee787; --part-5: #ff9bce;
    --part-6: #9da7b1; --on-part: #0d1117;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0; } details h3 { margin-top: 1.75rem; }
p { margin: .5rem 0; }
.muted, figcaption, footer, .facts { color: var(--muted); font-size: .875rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: .5rem 0; }
.facts dt { display: inline; } .facts dd { display: inline; margin: 0; color: var(--text); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .75rem;
  margin: 1.25rem 0; padding: 0; list-style: none; }
.tiles li { background: var(--raised); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem; display: flex; flex-direction: column; }
.tiles b { font-size: 1.5rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles i { font-size: .875rem; font-style: normal; font-weight: 400; }
.tiles small { color: var(--muted); overflow-wrap: anywhere; }
figure { margin: 1.25rem 0; padding: 1rem; background: var(--raised); border: 1px solid var(--line);
  border-radius: .5rem; }
figcaption { margin-top: .5rem; }
figure svg { display: block; width: 100%; margin-top: .75rem; overflow: visible; }
svg text { fill: var(--text); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums; paint-order: stroke; stroke: var(--raised); stroke-width: 3px;
  stroke-linejoin: round; }
svg .quiet { fill: var(--muted); }
svg .grid { stroke: var(--line); }
svg .dots circle { fill: var(--dot); fill-opacity: .55; }
svg .box { fill: var(--box); } svg .whisker { stroke: var(--muted); }
svg .median { stroke: var(--text); stroke-width: 2.5; }
svg .p95 { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 2 2; }
svg .target { stroke: var(--bar); stroke-width: 2; stroke-dasharray: 6 3; }
svg .estimate { fill: var(--text); }
svg .on-part { fill: var(--on-part); font-weight: 600; stroke: none; }
.plain { padding: 0; list-style: none; }
.legend { display: flex; flex-wrap: wrap; gap: .125rem 1rem; margin: .5rem 0 0; padding: 0;
  list-style: none; font-size: .875rem; }
.legend i { display: inline-block; min-width: 1.25rem; margin-right: .375rem; border-radius: .2rem;
  color: var(--on-part); font-style: normal; font-weight: 600; text-align: center; }
.scroll { overflow-x: auto; margin: .75rem 0; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding: .25rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; }
th[scope=row], .text { text-align: left; }
th[scope=row] { font-weight: 500; } th small { font-weight: 400; }
.wrap { white-space: normal; text-align: left; min-width: 7rem; }
.PASS { color: var(--pass); } .FAIL { color: var(--fail); }
.NULL, .INCONCLUSIVE, .UNFIT { color: var(--null); }
.verdict { font-weight: 700; }
.shares td { min-width: 9rem; } .shares td span { color: var(--muted); }
.shares .bar { display: block; height: .5rem; margin-top: .15rem; border-radius: .2rem; background: var(--line); }
.shares .bar i { display: block; height: 100%; border-radius: .2rem; background: var(--part-1); }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--accent); }
dl.words dt { font-weight: 600; margin-top: .6rem; } dl.words dd { margin: 0; color: var(--muted); }
code { font-size: .875em; overflow-wrap: anywhere; }
footer { margin: 2.5rem 0 1rem; border-top: 1px solid var(--line); padding-top: .75rem;
  overflow-wrap: anywhere; }
@media print { figure, .tiles li { break-inside: avoid; } details { display: block; } }
"#;

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour of a name in a part of the stylesheet.
    fn colour(css: &str, name: &str) -> [f64; 3] {
        let begin = css
            .find(&format!("--{name}: #"))
            .unwrap_or_else(|| panic!("no {name}"));
        let hex = &css[begin + name.len() + 5..][..6];
        [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: [f64; 3]) -> f64 {
        let [red, green, blue] = colour.map(|part| match part <= 0.040_45 {
            true => part / 12.92,
            false => libm::pow((part + 0.055) / 1.055, 2.4),
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(css: &str, text: &str, ground: &str) -> f64 {
        let [text, ground] = [text, ground].map(|name| luminance(colour(css, name)));
        (text.max(ground) + 0.05) / (text.min(ground) + 0.05)
    }

    #[test]
    fn text_stands_out_and_so_do_marks() {
        let (light, dark) = CSS
            .split_once("@media (prefers-color-scheme: dark)")
            .unwrap();
        for css in [light, dark] {
            for ground in ["ground", "raised"] {
                for text in ["text", "muted", "accent", "pass", "fail", "null"] {
                    let found = contrast(css, text, ground);
                    assert!(found >= 4.5, "{text} on {ground}: {found}");
                }
                for mark in ["dot", "bar"] {
                    let found = contrast(css, mark, ground);
                    assert!(found >= 3.0, "{mark} on {ground}: {found}");
                }
            }
            for part in 1..=6 {
                let part = format!("part-{part}");
                let found = contrast(css, "on-part", &part);
                assert!(found >= 4.5, "on {part}: {found}");
                assert!(contrast(css, &part, "raised") >= 3.0, "{part}");
            }
        }
    }
}
