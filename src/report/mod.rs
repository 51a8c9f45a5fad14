//! Paragraphs, tables and pictures to one self-contained HTML page. Knows no statistics and no patients.
