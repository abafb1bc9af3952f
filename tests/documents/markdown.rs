//! What a Markdown text names: links, and what stands in its code.

/// Links to files, without their fragments; those to other sites are left out.
pub fn links(text: &str) -> Vec<String> {
    let outside = text.split('`').step_by(2).collect::<String>();
    let targets = outside.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ']).next()?;
        target.split('#').next().map(str::to_owned)
    });
    let own = |target: &String| {
        let site = target.contains("://") || target.starts_with("mailto:");
        !target.is_empty() && !site
    };
    targets.filter(own).collect()
}

/// The words of code: between backticks, and in blocks of code.
pub fn words(text: &str) -> Vec<String> {
    // A fence is three backticks, so that what is between fences is between an odd and an even one as well.
    let code = text.split('`').skip(1).step_by(2);
    let quotes = |c: char| "\"'.,;:()[]".contains(c) && c != '.';
    let words = code.flat_map(str::split_whitespace);
    let words = words.map(|word| word.trim_matches(quotes).trim_end_matches('.'));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
