//! Protocol buffers, as far as ONNX and TensorBoard need them: messages that are written, field by field
//! (<https://protobuf.dev/programming-guides/encoding>).
//!
//! A field is its number and wire type as a varint, then its value: a varint (0), eight bytes (1), a length and bytes (2), or four bytes (5). A repeated
//! field is written once an element, not packed: `onnx.proto` asks for no packing, and some runtimes read nothing else.

/// A message in the making.
#[derive(Debug, Default, Clone)]
pub struct Message(Vec<u8>);

impl Message {
    /// One without a field.
    pub fn new() -> Message {
        Message::default()
    }

    /// An integer or an enumeration.
    pub fn int(mut self, field: u32, value: i64) -> Message {
        self.tag(field, 0);
        self.varint(value as u64);
        self
    }

    /// Eight bytes.
    pub fn double(mut self, field: u32, value: f64) -> Message {
        self.tag(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Four bytes.
    pub fn float(mut self, field: u32, value: f32) -> Message {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A text.
    pub fn text(self, field: u32, text: &str) -> Message {
        self.bytes(field, text.as_bytes())
    }

    /// Another message.
    pub fn message(self, field: u32, message: &Message) -> Message {
        self.bytes(field, &message.0)
    }

    /// Bytes, their number first.
    pub fn bytes(mut self, field: u32, bytes: &[u8]) -> Message {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// The message's bytes, as a file holds them.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn tag(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's description.
    #[test]
    fn fields_are_encoded_as_the_description_says() {
        let bytes = |message: Message| message.into_bytes();
        assert_eq!(bytes(Message::new().int(1, 150)), [0x08, 0x96, 0x01]);
        let text = Message::new().text(2, "testing");
        assert_eq!(bytes(text), b"\x12\x07testing");
        let inner = Message::new().int(1, 150);
        let outer = Message::new().message(3, &inner);
        assert_eq!(bytes(outer), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(
            bytes(Message::new().float(2, 1.0)),
            [0x15, 0, 0, 0x80, 0x3f]
        );
        // A negative number is ten bytes, and a field number above 15 takes two.
        let negative = bytes(Message::new().int(20, -1));
        assert_eq!(negative[..2], [0xa0, 0x01]);
        assert_eq!(
            negative[2..],
            [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
        );
    }
}
