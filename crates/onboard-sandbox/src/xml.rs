/// Writes XML text; every value is escaped.
#[derive(Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// The text written so far.
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// An element with other elements inside.
    pub(crate) fn node(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.node_with(name, "", inside);
    }

    /// An element with attributes (written as they are) and other elements inside.
    pub(crate) fn node_with(&mut self, name: &str, attributes: &str, inside: impl FnOnce(&mut Self)) {
        self.0.push('<');
        self.0.push_str(name);
        if !attributes.is_empty() {
            self.0.push(' ');
            self.0.push_str(attributes);
        }
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element with a value.
    pub(crate) fn leaf(&mut self, name: &str, value: impl AsRef<str>) {
        self.node(name, |xml| escape(value.as_ref(), &mut xml.0));
    }

    /// An element with a value, where there is one.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    /// Text that is XML already.
    pub(crate) fn raw(&mut self, xml: &str) {
        self.0.push_str(xml);
    }

    /// A list in AWS's form: one `member` element for each item.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.node(name, |xml| {
            for item in items {
                xml.node("member", |xml| each(xml, item));
            }
        });
    }

    /// A list of plain values in AWS's form.
    pub(crate) fn values(&mut self, name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) {
        self.node(name, |xml| {
            for item in items {
                xml.leaf("member", item);
            }
        });
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn escapes_values_and_nests() {
        let mut xml = Xml::default();
        xml.node("A", |xml| {
            xml.leaf("B", "<&\">");
            xml.values("C", ["1", "2"]);
            xml.optional("D", None::<&str>);
        });
        assert_eq!(xml.into_string(), "<A><B>&lt;&amp;&quot;&gt;</B><C><member>1</member><member>2</member></C></A>");
    }
}
