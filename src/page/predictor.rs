//! One predictor on the page: its row in the table, and the records behind it.

use super::answer::{Coded, Evidence, Found};
use super::inert::{self, REFERENCE, clean};
use crate::cds_hooks::words;
use crate::domain::score::Predictor;
use crate::texts::Texts;

/// Records of one table that are shown; of more, the number is told. A page stays readable and below its size.
const SHOWN: usize = 12;
/// Records of one line that are shown.
const SHOWN_IN_BRIEF: usize = 3;
/// References that are shown of records set aside for one reason.
const SHOWN_OF_ONE_REASON: usize = 4;

/// A predictor.
pub(super) struct PredictorView {
    pub(super) id: &'static str,
    pub(super) name: String,
    /// Code of the state, for the style.
    pub(super) state: String,
    pub(super) state_words: String,
    pub(super) reason: Option<String>,
    pub(super) points: String,
    /// Effect of knowing it, where it is open.
    pub(super) effect: Option<String>,
    /// Years, sites or SUVmax.
    pub(super) measured: Option<String>,
    pub(super) evidence: Records,
    /// What it rests on, in one line: for the sheet of paper, which has no room for the records.
    pub(super) brief: String,
    pub(super) set_aside: Vec<SetAsideView>,
    pub(super) hints: Vec<SetAsideView>,
    pub(super) is_open: bool,
}

/// Records with what they show.
pub(super) struct Records {
    pub(super) shown: Vec<RecordView>,
    /// How many more there are, in words.
    pub(super) more: Option<String>,
}

/// A record.
pub(super) struct RecordView {
    pub(super) what: String,
    pub(super) reference: String,
    pub(super) date: Option<String>,
}

/// Records of one code.
pub(super) struct SetAsideView {
    pub(super) why: String,
    pub(super) count: usize,
    pub(super) references: Vec<RecordView>,
    pub(super) more: Option<String>,
}

impl PredictorView {
    pub(super) fn new(
        texts: &Texts,
        predictor: Predictor,
        found: &Found,
        is_indeterminate: bool,
    ) -> Self {
        let is_open = matches!(found.state.as_str(), "unknown" | "conflicting");
        let effect = match (found.decisive, is_indeterminate) {
            (true, _) => "page-would-decide",
            (false, true) => "page-would-not-alone",
            (false, false) => "page-would-not-decide",
        };
        Self {
            id: predictor.name(),
            name: texts.word("predictor", predictor.name()).to_owned(),
            state_words: inert::words(texts, "state", &found.state),
            state: clean(&found.state, REFERENCE),
            reason: found
                .reason
                .as_ref()
                .map(|code| inert::words(texts, "reason", code)),
            points: words::range(found.points.low, found.points.high),
            effect: is_open.then(|| texts.get(effect).to_owned()),
            measured: measured(texts, found),
            evidence: Records::new(texts, &found.evidence),
            brief: brief(texts, found),
            set_aside: by_code(texts, "set-aside", &found.set_aside),
            hints: by_code(texts, "hint", &found.hints),
            is_open,
        }
    }
}

fn brief(texts: &Texts, found: &Found) -> String {
    let dated = |evidence: &Evidence| {
        let what = words::what(texts, &evidence.what);
        match &evidence.date {
            Some(date) => format!("{what} ({date})"),
            None => what,
        }
    };
    let shown = found.evidence.iter().take(SHOWN_IN_BRIEF).map(dated);
    let mut parts: Vec<String> = shown.map(|text| clean(&text, 2 * REFERENCE)).collect();
    if let (Some(last), more @ 1..) = (
        parts.last_mut(),
        found.evidence.len().saturating_sub(SHOWN_IN_BRIEF),
    ) {
        last.push_str(&format!(" (+{more})"));
    }
    let reason = found.reason.as_ref();
    parts.extend(reason.map(|code| inert::words(texts, "reason", code)));
    parts.join(texts.get("clause-separator"))
}

fn measured(texts: &Texts, found: &Found) -> Option<String> {
    if let Some(years) = found.years {
        let low = years.low.to_string();
        let between = match years.high {
            Some(high) if high == years.low => low,
            Some(high) => texts.with(
                "page-years-between",
                [("low", low.into()), ("high", high.to_string().into())],
            ),
            None => texts.with("page-years-from", [("low", low.into())]),
        };
        return Some(texts.with("page-years", [("years", between.into())]));
    }
    if !found.sites.is_empty() {
        let sites = found.sites.iter().map(|group| words::site(texts, group));
        let sites: Vec<String> = sites.map(|site| clean(site, REFERENCE)).take(30).collect();
        let sites = sites.join(texts.get("list-separator"));
        return Some(texts.with("page-sites", [("sites", sites.into())]));
    }
    let suv_max = found.suv_max.as_ref()?;
    let comparator = suv_max.comparator.as_deref().unwrap_or_default();
    let value = match suv_max.value.as_str() {
        Some(text) => text.to_owned(),
        None => suv_max.value.to_string(),
    };
    let value = clean(&format!("{comparator}{value}"), REFERENCE);
    Some(texts.with("page-suvmax", [("value", value.into())]))
}

impl Records {
    pub(super) fn new(texts: &Texts, evidence: &[Evidence]) -> Self {
        let shown = evidence.iter().take(SHOWN);
        let shown = shown.map(|evidence| RecordView {
            what: clean(&words::what(texts, &evidence.what), 2 * REFERENCE),
            reference: clean(&evidence.reference, REFERENCE),
            date: evidence.date.as_ref().map(|date| clean(date, REFERENCE)),
        });
        Self {
            shown: shown.collect(),
            more: more(texts, evidence.len(), SHOWN),
        }
    }
}

/// Records by their code, in the order of the answer.
pub(super) fn by_code(texts: &Texts, list: &str, records: &[Coded]) -> Vec<SetAsideView> {
    let mut codes: Vec<(&str, Vec<&Coded>)> = Vec::new();
    for record in records {
        match codes.iter_mut().find(|(code, _)| *code == record.code) {
            Some((_, of_code)) => of_code.push(record),
            None => codes.push((&record.code, vec![record])),
        }
    }
    codes
        .into_iter()
        .map(|(code, records)| SetAsideView {
            why: inert::words(texts, list, code),
            count: records.len(),
            references: records
                .iter()
                .take(SHOWN_OF_ONE_REASON)
                .map(|record| RecordView {
                    what: String::new(),
                    reference: clean(&record.reference, REFERENCE),
                    date: record.date.as_ref().map(|date| clean(date, REFERENCE)),
                })
                .collect(),
            more: more(texts, records.len(), SHOWN_OF_ONE_REASON),
        })
        .collect()
}

fn more(texts: &Texts, all: usize, shown: usize) -> Option<String> {
    let count = all.checked_sub(shown).filter(|count| *count > 0)?;
    Some(texts.with("page-count-more", [("count", count.into())]))
}
