//! Numbers as people read them.

/// `1,000,209`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of 0 to 1 in per cent; the digits grow where it is small: `57.5 %`, `0.043 %`.
pub fn percent(share: f64) -> String {
    let value = 100.0 * share;
    match value {
        _ if value == 0.0 => "0 %".to_owned(),
        _ if value.abs() < 0.000_5 => "< 0.001 %".to_owned(),
        _ if value.abs() < 1.0 => format!("{value:.3} %"),
        _ => format!("{value:.1} %"),
    }
}

/// About five digits of any finite number: `978,300,760`, `3.5811`, `1.5e-7`.
pub fn short(x: f64) -> String {
    let size = x.abs();
    match size {
        _ if x == 0.0 => "0".to_owned(),
        _ if !(1e-4..1e15).contains(&size) => format!("{x:.2e}"),
        _ if size >= 1e3 || (x.fract() == 0.0 && size >= 1.0) => {
            let sign = if x < 0.0 { "-" } else { "" };
            format!("{sign}{}", grouped(size.round() as u64))
        }
        _ => {
            let digits = (4.0 - size.log10().floor()).clamp(0.0, 8.0) as usize;
            let text = format!("{x:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
    }
}

/// A coordinate of a drawing with as many digits as can be seen.
pub fn place(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000_209, "1,000,209")] {
            assert_eq!(grouped(number), text);
        }
        for (share, text) in [
            (0.575_16, "57.5 %"),
            (0.000_43, "0.043 %"),
            (0.0, "0 %"),
            (1e-7, "< 0.001 %"),
        ] {
            assert_eq!(percent(share), text);
        }
        for (x, text) in [
            (3.581_1, "3.5811"),
            (7_778.000_1, "7,778"),
            (978_300_760.4, "978,300,760"),
            (-12_000.0, "-12,000"),
            (7.0, "7"),
            (0.25, "0.25"),
            (1.5e-7, "1.50e-7"),
            (0.0, "0"),
        ] {
            assert_eq!(short(x), text);
        }
    }
}
