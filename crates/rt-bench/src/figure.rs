//! A picture: for each column the share of all ticks that were later than so much, on two logarithmic scales.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// Of the axes, from the edge.
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 50.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 20.0;
/// Powers of ten of microseconds on the lower axis.
const FIRST: f64 = 0.0;
const LAST: f64 = 5.0;
/// So many powers of ten below all are on the left axis.
const DEPTH: f64 = 4.0;
const COLOURS: [&str; 3] = ["#b45309", "#64748b", "#0f766e"];

/// One curve for each column of sorted microseconds.
pub(crate) fn curves(columns: &[&[u64]; 3], names: [&str; 3]) -> String {
    let mut svg = String::new();
    let _written = write_all(&mut svg, columns, names);
    svg
}

fn x(micros: f64) -> f64 {
    let share = (micros.max(1.0).log10() - FIRST) / (LAST - FIRST);
    LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

fn y(share: f64) -> f64 {
    let depth = -share.max(1e-9).log10() / DEPTH;
    TOP + depth.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
}

fn write_all(svg: &mut String, columns: &[&[u64]; 3], names: [&str; 3]) -> std::fmt::Result {
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#334155">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>"##
    )?;
    axes(svg)?;
    for (at, (late, name)) in columns.iter().zip(names).enumerate() {
        let colour = COLOURS[at];
        let points: Vec<_> = steps(late)
            .map(|(micros, share)| format!("{:.1},{:.1}", x(micros), y(share)))
            .collect();
        writeln!(
            svg,
            r#"<polyline fill="none" stroke="{colour}" stroke-width="2" points="{}"/>"#,
            points.join(" ")
        )?;
        let line = TOP + 16.0 + 18.0 * at as f64;
        writeln!(
            svg,
            r#"<text x="{}" y="{line}" text-anchor="end" fill="{colour}">{name}</text>"#,
            WIDTH - RIGHT - 8.0
        )?;
    }
    writeln!(svg, "</svg>")
}

fn axes(svg: &mut String) -> std::fmt::Result {
    let grid = r##"stroke="#e2e8f0""##;
    for (power, label) in
        ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms"].into_iter().enumerate()
    {
        let (x, low) = (x(10_f64.powi(power as i32)), HEIGHT - BOTTOM);
        writeln!(
            svg,
            r#"<path d="M{x:.1} {TOP}V{low}" {grid}/><text x="{x:.1}" y="{}" text-anchor="middle">{label}</text>"#,
            low + 18.0
        )?;
    }
    for (power, label) in ["all", "10 %", "1 %", "0.1 %", "0.01 %"].into_iter().enumerate() {
        let (y, right) = (y(10_f64.powi(-(power as i32))), WIDTH - RIGHT);
        writeln!(
            svg,
            r#"<path d="M{LEFT} {y:.1}H{right}" {grid}/><text x="{}" y="{:.1}" text-anchor="end">{label}</text>"#,
            LEFT - 8.0,
            y + 4.0
        )?;
    }
    writeln!(
        svg,
        r#"<text x="{}" y="{}" text-anchor="middle">share of the ticks that were later than this</text>"#,
        WIDTH / 2.0,
        HEIGHT - 10.0
    )
}

/// Two hundred points of a curve: how late, and the share of all that were later.
fn steps(sorted: &[u64]) -> impl Iterator<Item = (f64, f64)> + '_ {
    const POINTS: i32 = 200;
    (0..=POINTS)
        .map(move |at| {
            let micros = 10_f64.powf(FIRST + (LAST - FIRST) * f64::from(at) / f64::from(POINTS));
            let later = sorted.len() - sorted.partition_point(|&late| late as f64 <= micros);
            (micros, later as f64 / sorted.len() as f64)
        })
        .take_while(|&(_, share)| share > 0.0)
}

#[cfg(test)]
mod tests {
    use super::{curves, steps};

    #[test]
    fn a_curve_falls_from_all_to_none() {
        let shares: Vec<_> = steps(&[5, 50, 500]).map(|(_, share)| share).collect();
        assert_eq!(shares.first(), Some(&1.0), "nothing is earlier than the axis");
        assert!(shares.is_sorted_by(|one, next| one >= next), "{shares:?}");
        assert!(shares.last().is_some_and(|&last| last > 0.0 && last < 0.4), "{shares:?}");
    }

    #[test]
    fn a_picture_names_each_column() {
        let svg = curves(&[&[1, 2], &[3], &[400, 5000]], ["one", "two", "three"]);
        assert!(
            ["one", "two", "three"].iter().all(|name| svg.contains(&format!(">{name}</text>"))),
            "{svg}"
        );
        assert_eq!(svg.matches("<polyline").count(), 3, "{svg}");
    }
}
