//! The transfer: an archive into a file, compared with its published MD5 sum while it arrives.
//!
//! MD5 is what GroupLens publishes. It finds a damaged transfer; that nobody altered the archive on the way rests on HTTPS.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use md5::{Digest, Md5};
use ureq::{Agent, Body, Timeout};

use super::set::DownloadOptions;
use crate::data::vocab::hex;
use crate::error::{Error, Result};

const REDIRECTS: u32 = 5;
/// A server that keeps sending a little now and then is cut off after this.
const LONGEST: Duration = Duration::from_secs(3600);
/// A file with one MD5 sum has some 60 bytes.
const LARGEST_SUM_FILE: u64 = 4096;

/// Fetches `url` into the new file `to` and returns its size.
///
/// # Errors
/// When the transfer fails, stalls or is too large, or when its MD5 sum is not the one at `url` + `.md5`.
pub(super) fn fetch(
    url: &str,
    options: &DownloadOptions,
    to: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<u64> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(refuse(
            url,
            "expected an address that begins with https:// or http://",
        ));
    }
    let agent = agent(url, options);
    let expected = published_sum(&agent, &format!("{url}.md5"), options)?;

    let mut body = get(&agent, url, options)?;
    let size = body.content_length();
    let mut reader = body.as_reader();
    let mut file = File::create_new(to).map_err(Error::io(to, "create"))?;
    let mut sum = Md5::new();
    let mut received = 0;
    let mut buffer = vec![0; 64 * 1024];
    progress(0, size);
    loop {
        let count =
            read_some(&mut reader, &mut buffer).map_err(|error| explain(url, error, options))?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
            break;
        };
        received += part.len() as u64;
        if received > options.largest_archive {
            let what = format!(
                "the archive is larger than {} bytes, refused",
                options.largest_archive
            );
            return Err(refuse(url, what));
        }
        sum.update(part);
        file.write_all(part).map_err(Error::io(to, "write"))?;
        progress(received, size);
    }
    let found = hex(&sum.finalize());
    if found != expected {
        let what = format!(
            "the MD5 sum of the {received} bytes received is {found}, expected {expected}: the transfer was damaged, try again"
        );
        return Err(refuse(url, what));
    }
    Ok(received)
}

fn agent(url: &str, options: &DownloadOptions) -> Agent {
    let mut config = Agent::config_builder()
        // An address that asks for encryption is never led to one without.
        .https_only(url.starts_with("https://"))
        .max_redirects(REDIRECTS)
        .timeout_global(Some(LONGEST))
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_read(Some(options.read_timeout))
        .timeout_per_write(Some(options.read_timeout))
        .user_agent(concat!("autoint/", env!("CARGO_PKG_VERSION")));
    if !options.proxy_from_environment {
        config = config.proxy(None);
    }
    config.build().into()
}

fn get(agent: &Agent, url: &str, options: &DownloadOptions) -> Result<Body> {
    match agent.get(url).call() {
        Ok(response) => Ok(response.into_body()),
        Err(error) => Err(explain(url, error, options)),
    }
}

/// The next bytes; 0 at the end.
fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ureq::Error> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A timeout of ureq comes wrapped; this unwraps it.
            other => return other.map_err(ureq::Error::from),
        }
    }
}

/// The MD5 sum that the file at `url` tells.
fn published_sum(agent: &Agent, url: &str, options: &DownloadOptions) -> Result<String> {
    let mut body = get(agent, url, options)?;
    let mut reader = body.as_reader().take(LARGEST_SUM_FILE);
    let mut text = Vec::new();
    let mut buffer = [0; 512];
    loop {
        let count =
            read_some(&mut reader, &mut buffer).map_err(|error| explain(url, error, options))?;
        match buffer.get(..count) {
            Some(part) if !part.is_empty() => text.extend_from_slice(part),
            _ => break,
        }
    }
    parse_sum(&String::from_utf8_lossy(&text)).ok_or_else(|| {
        refuse(url, "no MD5 sum in this file, expected `MD5 (name) = <32 hexadecimal digits>` or `<32 hexadecimal digits>  name`")
    })
}

/// The sum in `MD5 (name) = <hex>` (BSD) or `<hex>  name` (GNU), in lower case.
fn parse_sum(text: &str) -> Option<String> {
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    let sum = match line.rsplit_once('=') {
        Some((_, sum)) => sum.trim(),
        None => line.split_whitespace().next()?,
    };
    let right = sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| sum.to_ascii_lowercase())
}

fn refuse(url: &str, what: impl Into<String>) -> Error {
    Error::Download {
        url: url.to_string(),
        what: what.into(),
    }
}

/// What went wrong, in words that tell what to do.
fn explain(url: &str, error: ureq::Error, options: &DownloadOptions) -> Error {
    let what = match error {
        ureq::Error::StatusCode(code) => {
            format!(
                "the server answered with status {code}: check the address, or give another one with --url"
            )
        }
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => format!(
            "no connection within {} s: check the network, or give another address with --url",
            options.connect_timeout.as_secs_f64()
        ),
        ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => format!(
            "the server sent nothing for {} s: try again later",
            options.read_timeout.as_secs_f64()
        ),
        ureq::Error::Timeout(_) => {
            format!("not done after {} s: try again later", LONGEST.as_secs())
        }
        ureq::Error::TooManyRedirects => {
            format!(
                "more than {REDIRECTS} redirects: check the address, or give another one with --url"
            )
        }
        ureq::Error::RequireHttpsOnly(_) => {
            "redirected from https to an address without encryption, refused".to_string()
        }
        ureq::Error::HostNotFound => {
            "the name of the server is not known: check the network and the address".to_string()
        }
        other => format!("the transfer failed ({other}): check the network and try again"),
    };
    refuse(url, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_sum_files_are_read() {
        let sum = "c4d9eecfca2ab87c1945afe126590906";
        for text in [
            format!("MD5 (ml-1m.zip) = {sum}\n"),
            format!("{sum}  ml-1m.zip\n"),
            format!("{sum} *ml-1m.zip\r\n"),
            format!("\n{}\n", sum.to_uppercase()),
        ] {
            assert_eq!(parse_sum(&text).as_deref(), Some(sum), "{text}");
        }
        for text in [
            "",
            "\n",
            "<html>not here</html>",
            "MD5 (x) = c4d9",
            &sum[1..],
        ] {
            assert_eq!(parse_sum(text), None, "{text}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        let to = Path::new("never-written");
        let error = fetch(
            "file:///etc/passwd",
            &DownloadOptions::default(),
            to,
            &mut |_, _| {},
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("begins with https://")
        );
        assert!(!to.exists());
    }
}
