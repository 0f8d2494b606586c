//! Which format of the metrics a reader asks for in `Accept` (RFC 9110 section 12.5.1).

use axum::http::{HeaderMap, header};

use crate::model::Preference;

/// Whether a reader names OpenMetrics 1.0, and does not prefer the classic text. Whoever takes anything gets the classic text.
pub(super) fn takes_open_metrics(headers: &HeaderMap) -> bool {
    let (mut open, mut classic) = (0.0_f32, 0.0_f32);
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for member in values.flat_map(Preference::all) {
        match member.name.to_ascii_lowercase().as_str() {
            "application/openmetrics-text" if matches!(member.parameter("version"), None | Some("1.0.0")) => {
                open = open.max(member.quality);
            }
            "text/plain" => classic = classic.max(member.quality),
            _ => {}
        }
    }
    open > 0.0 && open >= classic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_names_it_gets_open_metrics() {
        for (accept, wanted) in [
            (&[][..], false),
            (&["*/*"], false),
            (&["text/plain"], false),
            (&["application/openmetrics-text"], true),
            (&["Application/OpenMetrics-Text; version=\"1.0.0\"; charset=utf-8"], true),
            (&["application/openmetrics-text;version=0.0.1"], false),
            (&["application/openmetrics-text;q=0"], false),
            (&["application/openmetrics-text;q=x"], false),
            (&["text/plain, application/openmetrics-text"], true),
            (&["text/plain;q=0.9, application/openmetrics-text;q=0.8"], false),
            (&["text/plain;q=0.5", "application/openmetrics-text;q=0.8"], true),
            // What Prometheus 2.42 sends.
            (
                &[
                    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                true,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(header::ACCEPT, value.parse().unwrap());
            }
            assert_eq!(takes_open_metrics(&headers), wanted, "{accept:?}");
        }
    }
}
