//! A sample that is the same for the same seed.

/// Draws from a list (splitmix64).
pub struct Draw(u64);

impl From<u64> for Draw {
    fn from(seed: u64) -> Self {
        Self(seed)
    }
}

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// One of them.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let n = self.below(list.len());
        &list[n]
    }

    /// So many of them, one out of each of as many parts of the list.
    pub fn some<T: Copy>(&mut self, list: &[T], many: usize) -> Vec<T> {
        let many = many.min(list.len());
        (0..many)
            .map(|n| {
                let (from, to) = (list.len() * n / many, list.len() * (n + 1) / many);
                list[from + self.below(to - from)]
            })
            .collect()
    }
}
