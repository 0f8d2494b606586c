//! What a process costs: memory, descriptors, threads, and the number of its metric series.

use std::fmt;

use testkit::client;

/// One look at a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vitals {
    /// Resident memory in KiB.
    pub(crate) rss: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    /// 0 when nobody asked.
    pub(crate) series: u64,
}

impl Vitals {
    /// Of a process alone.
    pub(crate) fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of status");
            let digits: String = line.chars().filter(char::is_ascii_digit).collect();
            digits.parse().expect("a number")
        };
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count();
        Self {
            rss: number("VmRSS:"),
            threads: number("Threads:"),
            descriptors: descriptors as u64,
            series: 0,
        }
    }

    /// Of a gateway: its metrics as well.
    pub(crate) async fn of_gateway(pid: u32, ops: u16) -> Self {
        Self { series: series(ops).await, ..Self::of(pid) }
    }
}

/// How many series the metrics page has.
pub(crate) async fn series(ops: u16) -> u64 {
    let answer = client().get(format!("http://127.0.0.1:{ops}/metrics")).send().await.expect("the metrics");
    let page = answer.text().await.expect("the page");
    page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count() as u64
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rss, descriptors, threads, series } = self;
        write!(f, "{:.1} MiB, {descriptors} descriptors, {threads} threads", *rss as f64 / 1024.0)?;
        if *series > 0 {
            write!(f, ", {series} series")?;
        }
        Ok(())
    }
}
