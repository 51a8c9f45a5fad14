//! Things that are kept for a while and of which there are only so many: launches, codes, tokens, shown cards.
//!
//! Knows nothing of what it keeps. The time is an argument, so that tests need not wait.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Values by key; the oldest goes when there are too many, each goes when its time is over.
#[derive(Debug)]
pub struct Expiring<V> {
    values: HashMap<String, (Instant, V)>,
    oldest_first: VecDeque<(Instant, String)>,
    life: Duration,
    most: usize,
}

impl<V> Expiring<V> {
    /// Keeps at most so many, each for so long.
    pub fn new(most: usize, life: Duration) -> Self {
        Self {
            values: HashMap::new(),
            oldest_first: VecDeque::new(),
            life,
            most,
        }
    }

    /// Keeps a value, in place of an earlier one of the same key.
    pub fn insert(&mut self, key: String, value: V, now: Instant) {
        while let Some((since, oldest)) = self.oldest_first.front() {
            let is_over = now.duration_since(*since) >= self.life;
            if !is_over && self.oldest_first.len() < self.most {
                break;
            }
            // A key that was kept again later has a younger entry, which stays.
            if self
                .values
                .get(oldest)
                .is_some_and(|(kept, _)| kept == since)
            {
                self.values.remove(oldest);
            }
            self.oldest_first.pop_front();
        }
        self.oldest_first.push_back((now, key.clone()));
        self.values.insert(key, (now, value));
    }

    /// The value of a key, while its time lasts.
    pub fn get(&self, key: &str, now: Instant) -> Option<&V> {
        let (since, value) = self.values.get(key)?;
        (now.duration_since(*since) < self.life).then_some(value)
    }

    /// The same, to change it. Its time stays.
    pub fn get_mut(&mut self, key: &str, now: Instant) -> Option<&mut V> {
        let life = self.life;
        let (since, value) = self.values.get_mut(key)?;
        (now.duration_since(*since) < life).then_some(value)
    }

    /// Takes the value of a key out.
    pub fn remove(&mut self, key: &str, now: Instant) -> Option<V> {
        let (since, value) = self.values.remove(key)?;
        (now.duration_since(since) < self.life).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Expiring;
    use std::time::{Duration, Instant};

    #[test]
    fn the_oldest_goes_first_and_everything_goes_in_time() {
        let start = Instant::now();
        let mut kept = Expiring::new(2, Duration::from_secs(60));
        for (second, key) in [(0, "a"), (1, "b"), (2, "c")] {
            kept.insert(key.into(), second, start + Duration::from_secs(second));
        }
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(kept.get("a", after(3)), None);
        assert_eq!(kept.get("b", after(60)), Some(&1));
        assert_eq!(kept.get("b", after(61)), None);
        assert_eq!(kept.remove("c", after(61)), Some(2));
        assert_eq!(kept.remove("c", after(61)), None);
    }

    #[test]
    fn a_key_that_is_kept_again_lives_anew() {
        let start = Instant::now();
        let mut kept = Expiring::new(2, Duration::from_secs(60));
        kept.insert("a".into(), 1, start);
        kept.insert("a".into(), 2, start + Duration::from_secs(50));
        kept.insert("b".into(), 3, start + Duration::from_secs(70));
        assert_eq!(kept.get("a", start + Duration::from_secs(80)), Some(&2));
    }
}
