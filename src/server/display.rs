//! Whether a card is shown, against alert fatigue. Everything is computed, counted and audited all the same.

use crate::config::DisplayRules;
use crate::domain::score::Classification;
use jiff::{SignedDuration, Timestamp};

/// A card of this patient that was shown, or put off, before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Its class.
    pub class: Classification,
    /// When.
    pub at: Timestamp,
}

/// What happened before with this patient under this client and tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// The card last shown.
    pub shown: Option<Earlier>,
    /// The card last put off by a user.
    pub snoozed: Option<Earlier>,
}

/// Why a card is kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppression {
    /// The client hides this class.
    ClassHidden,
    /// A card of this class was shown within the time that the client sets.
    AlreadyShown,
    /// A user put it off.
    Snoozed,
}

/// Decides. A class higher than the one last shown is always shown: what was seen before no longer tells the truth.
pub fn suppression(
    rules: &DisplayRules,
    class: Classification,
    history: History,
    now: Timestamp,
) -> Option<Suppression> {
    if history.shown.is_some_and(|shown| class > shown.class) {
        return None;
    }
    if !rules.classes.contains(&class) {
        return Some(Suppression::ClassHidden);
    }
    let is_within = |at: Timestamp, days: u32| {
        now.duration_since(at) < SignedDuration::from_hours(24 * i64::from(days))
    };
    if let (Some(snooze), Some(snoozed)) = (&rules.snooze, history.snoozed)
        && class <= snoozed.class
        && is_within(snoozed.at, snooze.days)
    {
        return Some(Suppression::Snoozed);
    }
    if let (Some(days), Some(shown)) = (rules.once_within_days, history.shown)
        && class == shown.class
        && is_within(shown.at, days)
    {
        return Some(Suppression::AlreadyShown);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Snooze;
    use Classification::{AtOrAboveCutoff as High, BelowCutoff as Low, Indeterminate as Open};

    #[test]
    fn a_suppression_never_hides_a_class_higher_than_the_one_last_shown() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("an instant");
        let days_ago = |days: i64| now - SignedDuration::from_hours(24 * days);
        let rules = [
            DisplayRules {
                classes: [High].into(),
                ..DisplayRules::default()
            },
            DisplayRules {
                once_within_days: Some(180),
                ..DisplayRules::default()
            },
            DisplayRules {
                snooze: Some(Snooze {
                    days: 180,
                    reasons: vec![],
                }),
                ..DisplayRules::default()
            },
        ];
        for rules in &rules {
            for shown in Classification::ALL {
                for snoozed in Classification::ALL {
                    for class in Classification::ALL {
                        let history = History {
                            shown: Some(Earlier {
                                class: shown,
                                at: days_ago(1),
                            }),
                            snoozed: Some(Earlier {
                                class: snoozed,
                                at: days_ago(1),
                            }),
                        };
                        if class > shown {
                            assert_eq!(suppression(rules, class, history, now), None);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn each_rule_suppresses_what_it_says_and_no_more() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("an instant");
        let earlier = |class, days: i64| {
            Some(Earlier {
                class,
                at: now - SignedDuration::from_hours(24 * days),
            })
        };
        let history = |shown, snoozed| History { shown, snoozed };
        let all = DisplayRules::default();
        let once = DisplayRules {
            once_within_days: Some(7),
            ..all.clone()
        };
        let snooze = DisplayRules {
            snooze: Some(Snooze {
                days: 30,
                reasons: vec![],
            }),
            ..all.clone()
        };
        let high_only = DisplayRules {
            classes: [High].into(),
            ..all.clone()
        };
        for (rules, class, history, expected) in [
            (&all, Low, history(earlier(Low, 0), earlier(High, 0)), None),
            (&once, Low, history(None, None), None),
            (
                &once,
                Low,
                history(earlier(Low, 6), None),
                Some(Suppression::AlreadyShown),
            ),
            (&once, Low, history(earlier(Low, 7), None), None),
            (&once, Low, history(earlier(High, 1), None), None),
            (
                &snooze,
                Open,
                history(earlier(Open, 1), earlier(Open, 29)),
                Some(Suppression::Snoozed),
            ),
            (
                &snooze,
                Low,
                history(earlier(Open, 1), earlier(Open, 1)),
                Some(Suppression::Snoozed),
            ),
            (
                &snooze,
                Open,
                history(earlier(Open, 1), earlier(Open, 30)),
                None,
            ),
            (&snooze, High, history(None, earlier(Open, 1)), None),
            (
                &high_only,
                Open,
                history(None, None),
                Some(Suppression::ClassHidden),
            ),
            (&high_only, High, history(None, None), None),
        ] {
            assert_eq!(
                suppression(rules, class, history, now),
                expected,
                "{rules:?} {class:?} {history:?}"
            );
        }
    }
}
