//! What a regression is fitted to: patients that share their predictors are one row.

/// Rows of predictors with how many patients have them, and for how many of these the outcome came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    width: usize,
    x: Vec<f64>,
    events: Vec<f64>,
    others: Vec<f64>,
    offset: Vec<f64>,
}

impl Rows {
    /// No rows yet, of so many columns. The intercept is no column: every fit has one.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// Adds a row: its columns, patients with the outcome, patients without it. Counts need not be whole.
    ///
    /// # Panics
    /// Where the row has another number of columns.
    pub fn push(&mut self, x: &[f64], events: f64, others: f64) {
        self.push_with_offset(x, events, others, 0.0);
    }

    /// Adds a row whose log odds have a part that is not fitted.
    ///
    /// # Panics
    /// Where the row has another number of columns.
    pub fn push_with_offset(&mut self, x: &[f64], events: f64, others: f64, offset: f64) {
        assert_eq!(x.len(), self.width, "columns of a row");
        self.x.extend_from_slice(x);
        self.events.push(events);
        self.others.push(others);
        self.offset.push(offset);
    }

    /// Columns, without the intercept.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The columns of a row.
    pub fn x(&self, row: usize) -> &[f64] {
        &self.x[row * self.width..(row + 1) * self.width]
    }

    /// Patients with the outcome, by row.
    pub fn events(&self) -> &[f64] {
        &self.events
    }

    /// Patients without it, by row.
    pub fn others(&self) -> &[f64] {
        &self.others
    }

    /// The part of the log odds that is not fitted, by row.
    pub fn offset(&self) -> &[f64] {
        &self.offset
    }

    /// The same rows with other counts: a resample.
    ///
    /// # Panics
    /// Where there are not as many counts as rows.
    pub fn with_counts(&self, events: Vec<f64>, others: Vec<f64>) -> Self {
        assert_eq!(events.len(), self.len(), "events of a resample");
        assert_eq!(others.len(), self.len(), "others of a resample");
        Self {
            events,
            others,
            ..self.clone()
        }
    }

    /// The same rows with some of the columns, in the order given.
    ///
    /// # Panics
    /// Where there is no such column.
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let mut x = Vec::with_capacity(self.len() * columns.len());
        for row in 0..self.len() {
            let all = self.x(row);
            x.extend(columns.iter().map(|column| all[*column]));
        }
        Self {
            width: columns.len(),
            x,
            events: self.events.clone(),
            others: self.others.clone(),
            offset: self.offset.clone(),
        }
    }

    /// Rows that share their columns and offset become one, in ascending order. Fits are the same and take less time.
    pub fn grouped(&self) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        let compare = |a: &usize, b: &usize| {
            let columns = self.x(*a).iter().zip(self.x(*b));
            columns
                .map(|(a, b)| a.total_cmp(b))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| self.offset[*a].total_cmp(&self.offset[*b]))
        };
        order.sort_by(compare);
        let mut grouped = Self::new(self.width);
        let mut last = None;
        for row in order {
            let same = last.is_some_and(|last| compare(&last, &row).is_eq());
            match (same, grouped.events.last_mut(), grouped.others.last_mut()) {
                (true, Some(events), Some(others)) => {
                    *events += self.events[row];
                    *others += self.others[row];
                }
                _ => grouped.push_with_offset(
                    self.x(row),
                    self.events[row],
                    self.others[row],
                    self.offset[row],
                ),
            }
            last = Some(row);
        }
        grouped
    }
}
