//! Paragraphs, tables and pictures to one self-contained HTML page: no script, nothing from elsewhere, readable by a screen
//! reader, on paper, in the dark and on a phone. Pure: no statistics, no patients, no files.
//!
//! Every text is plain: what looks like markup in it is shown, not obeyed. Read [`Page`] first; [`words`] writes numbers as
//! people read them.

mod html;
pub mod words;

use crate::plot::Picture;

/// A report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// What it is about: the title of the window and the first heading.
    pub title: String,
    /// Who made it, when, with what: small, above the title.
    pub made_by: String,
    /// What a reader must know at once.
    pub lead: Vec<Block>,
    /// In the order of reading; each is in the table of contents.
    pub sections: Vec<Section>,
    /// The last line: what the page is not.
    pub closing: String,
}

/// A part with a heading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Its content.
    pub blocks: Vec<Block>,
}

/// What stands in a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading within the section.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// A list of short texts.
    List(Vec<String>),
    /// Names and what they are.
    Facts(Vec<(String, String)>),
    /// What a reader must not miss.
    Warning(String),
    /// What is not shown, and why.
    Withheld(Vec<Withheld>),
    /// A table.
    Table(Table),
    /// A picture with its caption and its numbers.
    Illustration(Box<Illustration>),
}

/// What is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withheld {
    /// Name of the figure.
    pub what: String,
    /// Why, and what would be needed.
    pub why: String,
}

/// A table. The first column names the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// A row has as many cells as there are columns. An empty cell is shown as "not given".
    pub rows: Vec<Vec<String>>,
    /// Below the table.
    pub note: String,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Heading, with the unit.
    pub title: String,
    /// Numbers stand at the right, words at the left.
    pub is_number: bool,
}

/// A picture with its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Illustration {
    /// Name for files and anchors: letters, digits and hyphens.
    pub name: String,
    /// The picture.
    pub picture: Picture,
    /// What it shows and how to read it.
    pub caption: String,
    /// Its numbers, folded below it.
    pub numbers: Option<Table>,
}

impl Page {
    /// The page as HTML. The same page is the same bytes.
    pub fn html(&self) -> String {
        html::write(self)
    }

    /// Every picture of the page with its name, as an SVG file of its own.
    pub fn figures(&self) -> Vec<(String, String)> {
        let sections = self.sections.iter().flat_map(|section| &section.blocks);
        let blocks = self.lead.iter().chain(sections);
        let illustrations = blocks.filter_map(|block| match block {
            Block::Illustration(illustration) => Some(illustration),
            _ => None,
        });
        illustrations
            .map(|shown| (shown.name.clone(), shown.picture.document()))
            .collect()
    }
}

impl Section {
    /// A section.
    pub fn new(title: &str, blocks: Vec<Block>) -> Self {
        Self {
            title: title.to_owned(),
            blocks,
        }
    }
}

impl Block {
    /// A paragraph.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph(text.into())
    }

    /// A picture without a table of its numbers.
    pub fn picture(name: &str, picture: impl Into<Picture>, caption: &str) -> Self {
        Self::Illustration(Box::new(Illustration {
            name: name.to_owned(),
            picture: picture.into(),
            caption: caption.to_owned(),
            numbers: None,
        }))
    }

    /// A picture with its numbers.
    pub fn picture_with_numbers(
        name: &str,
        picture: impl Into<Picture>,
        caption: &str,
        numbers: Table,
    ) -> Self {
        Self::Illustration(Box::new(Illustration {
            name: name.to_owned(),
            picture: picture.into(),
            caption: caption.to_owned(),
            numbers: Some(numbers),
        }))
    }
}

impl Table {
    /// A table whose columns after the first hold numbers; change [`Column::is_number`] where one holds words.
    pub fn new(caption: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().enumerate().map(|(place, title)| Column {
            title: (*title).to_owned(),
            is_number: place > 0,
        });
        Self {
            caption: caption.to_owned(),
            columns: columns.collect(),
            ..Self::default()
        }
    }

    /// The columns of these places hold words.
    pub fn with_words(mut self, places: &[usize]) -> Self {
        for place in places {
            if let Some(column) = self.columns.get_mut(*place) {
                column.is_number = false;
            }
        }
        self
    }

    /// With a note below.
    pub fn with_note(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }

    /// One more row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}
