//! The colours, dashes and sizes of every picture, as style sheets. A series is known by its dash and by the shape of its
//! marks; colour only helps. Read [`PALETTE`] first; a test computes its contrasts.

use std::fmt::Write;

/// A colour by name, on paper and in a light page, and in a dark one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Custom property without its hyphens.
    pub name: &'static str,
    /// `#rrggbb`.
    pub light: &'static str,
    /// `#rrggbb`.
    pub dark: &'static str,
}

const fn colour(name: &'static str, light: &'static str, dark: &'static str) -> Colour {
    Colour { name, light, dark }
}

/// Every colour of the pictures. The six of the series follow Okabe and Ito's order of hues for readers who are colour
/// blind, darkened on white and lightened on black until each has a contrast of 4.5 to the ground.
pub const PALETTE: [Colour; 11] = [
    colour("ground", "#ffffff", "#15191e"),
    colour("ink", "#1b1f24", "#e9edf1"),
    colour("soft", "#4b5563", "#b4bdc8"),
    colour("edge", "#78818d", "#8b95a1"),
    colour("faint", "#dfe3e8", "#2f363e"),
    colour("series1", "#0a58a3", "#74b8f7"),
    colour("series2", "#b0430a", "#f59c62"),
    colour("series3", "#00694f", "#52cfa9"),
    colour("series4", "#7c3a8f", "#d6a6ea"),
    colour("series5", "#6a5d00", "#ddd05e"),
    colour("series6", "#565c64", "#b9c0c8"),
];

/// Series that can be told apart in one picture.
pub const SERIES: usize = 6;

/// Dashes of the series; the first is a whole line.
const DASHES: [&str; SERIES] = ["none", "9 4", "2 3", "10 3 2 3", "5 3", "14 4 2 4 2 4"];

/// Size of the text on ticks and marks, in units of the view box.
pub(super) const SMALL: f64 = 12.0;
/// Size of the text of axes.
pub(super) const LABEL: f64 = 13.0;

/// The rules, with `{name}` where a colour stands.
fn rules(paint: impl Fn(&str) -> String) -> String {
    let (ground, ink, soft) = (paint("ground"), paint("ink"), paint("soft"));
    let (edge, faint) = (paint("edge"), paint("faint"));
    let mut css = format!(
        ".plot text{{font:{SMALL}px/1.2 system-ui,\"Segoe UI\",\"Noto Sans\",Helvetica,Arial,sans-serif;fill:{ink}}}\
         .plot .label{{font-size:{LABEL}px}}.plot .bold{{font-weight:600}}.plot .soft{{fill:{soft}}}\
         .plot .halo{{paint-order:stroke;stroke:{ground};stroke-width:4px;stroke-linejoin:round}}\
         .plot .ground{{fill:{ground}}}.plot .axis{{stroke:{edge};stroke-width:1;fill:none}}\
         .plot .grid{{stroke:{faint};stroke-width:1}}.plot .stripe{{fill:{faint};fill-opacity:.5}}\
         .plot .box{{fill:{ground};stroke:{edge};stroke-width:1.5}}.plot .arrow{{fill:{edge}}}\
         .plot .reference{{stroke:{soft};stroke-width:1.25;stroke-dasharray:4 3;fill:none}}\
         .plot .line{{fill:none;stroke-width:2.25;stroke-linejoin:round}}.plot .whisker{{fill:none;stroke-width:1.5}}\
         .plot .band{{fill-opacity:.2;stroke:none}}.plot .bar{{stroke-width:1.25}}\
         .plot .mark{{stroke:{ground};stroke-width:.75}}.plot .hatch{{stroke-width:2.5}}"
    );
    for (number, dash) in DASHES.iter().enumerate() {
        let number = number + 1;
        let series = paint(&format!("series{number}"));
        // Writing to a String cannot fail.
        let _ = write!(
            css,
            ".plot .stroke{number}{{stroke:{series}}}.plot .fill{number}{{fill:{series}}}.plot .dash{number}{{stroke-dasharray:{dash}}}"
        );
    }
    css
}

fn declarations(dark: bool) -> String {
    let colours = PALETTE.iter().map(|colour| {
        let value = if dark { colour.dark } else { colour.light };
        format!("--{}:{value};", colour.name)
    });
    colours.collect()
}

/// The style of the pictures in a page: colours are custom properties, which the page may set otherwise. On paper they are
/// the light ones.
pub fn page_sheet() -> String {
    let rules = rules(|name| format!("var(--{name})"));
    format!(
        ":root{{{}}}@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}{rules}",
        declarations(false),
        declarations(true)
    )
}

/// The style of a picture that is a file of its own. Drawing programs know no custom properties: the colours are written out.
pub(super) fn document_sheet() -> String {
    let of = |name: &str, dark: bool| {
        let found = PALETTE.iter().find(|colour| colour.name == name);
        found
            .map_or("", |colour| if dark { colour.dark } else { colour.light })
            .to_owned()
    };
    format!(
        "{}@media screen and (prefers-color-scheme:dark){{{}}}",
        rules(|name| of(name, false)),
        rules(|name| of(name, true))
    )
}
