//! Rows of a table that can be read without the headings above them.

use std::fmt::Write as _;

use super::parts::Column;

/// The rows, each cell with its role and the heading of its column: in a narrow window the cells stand below one
/// another and say themselves what they are, and what no longer looks like a table is still one to whoever hears it.
pub fn labelled(rows: &str, columns: &(impl AsRef<[Column]> + ?Sized)) -> String {
    let mut headings = columns.as_ref().iter();
    let mut html = String::with_capacity(2 * rows.len());
    // Escaped text holds neither of the brackets.
    for piece in rows.split_inclusive('>') {
        let tag = piece.rsplit_once('<').map_or("", |(_, tag)| tag.trim_end_matches('>'));
        let role = match tag.split_ascii_whitespace().next() {
            Some("tr") => "row",
            Some("th") => "rowheader",
            Some("td") => "cell",
            _ => {
                html.push_str(piece);
                continue;
            }
        };
        html.push_str(piece.trim_end_matches('>'));
        let _ = write!(html, " role=\"{role}\"");
        if role == "row" {
            headings = columns.as_ref().iter();
        } else if !tag.contains("class=\"check\"")
            && let Some(heading) = headings.next()
            && role == "cell"
        {
            let _ = write!(html, " data-label=\"{}\"", heading.text.replace('"', "&quot;"));
        }
        html.push('>');
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_its_role_and_the_heading_of_its_column() {
        let columns = ["Name", "Kind", "The \"last\" use"].map(Column::new);
        let row = "<tr data-key=\"a\"><td class=\"check\"><input></td>\n\
            <th scope=\"row\">A &#62; B</th><td class=\"claimed\"><b>C</b></td><td></td><td>over</td></tr>";
        let expected = "<tr data-key=\"a\" role=\"row\"><td class=\"check\" role=\"cell\"><input></td>\n\
            <th scope=\"row\" role=\"rowheader\">A &#62; B</th>\
            <td class=\"claimed\" role=\"cell\" data-label=\"Kind\"><b>C</b></td>\
            <td role=\"cell\" data-label=\"The &quot;last&quot; use\"></td><td role=\"cell\">over</td></tr>";
        assert_eq!(labelled(row, &columns), expected);
        // Every row begins with the first column again.
        assert_eq!(labelled(&row.repeat(2), &columns.to_vec()), expected.repeat(2));
        assert_eq!(labelled("", &columns), "");
    }
}
