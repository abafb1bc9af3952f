//! AMX: a [`TileProduct`] by the processor.
//!
//! The instructions have no stable intrinsics, so this is assembly: one block, at whose end the tiles are as unused as before it.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::mem::offset_of;
use std::ops::Range;
use std::sync::OnceLock;

use super::tiles::{Start, TILE, TileProduct};

/// Proof that this CPU has AMX-TILE and AMX-BF16, and that the system lets this process use tiles.
#[derive(Debug, Clone, Copy)]
pub struct Amx(());

impl Amx {
    /// The token, when the CPU has the instructions and the system allows them.
    pub fn detect() -> Option<Amx> {
        static ALLOWED: OnceLock<bool> = OnceLock::new();
        let allowed = ALLOWED.get_or_init(|| in_the_processor() && allowed());
        allowed.then_some(Amx(()))
    }

    /// Makes a product whose numbers are all there, see [`TileProduct::check`]: two tiles of rows at a time, first all of their whole
    /// steps, then what is left of the terms.
    pub(super) fn multiply(self, mut product: TileProduct<'_>) {
        let [m, _, terms] = product.size;
        let (whole, left) = (terms / TILE, terms % TILE);
        for first in (0..m).step_by(2 * TILE) {
            let rows = first..m.min(first + 2 * TILE);
            let mut start = product.start;
            for (steps, pairs) in [(0..whole, TILE), (whole..terms.div_ceil(TILE), left)] {
                if !steps.is_empty() {
                    self.add(&mut product, rows.clone(), (steps, pairs), start);
                    start = Start::Result;
                }
            }
        }
    }

    /// Some steps, of so many pairs each, of up to two tiles of rows and all columns.
    fn add(
        self,
        product: &mut TileProduct<'_>,
        rows: Range<usize>,
        (steps, pairs): (Range<usize>, usize),
        start: Start<'_>,
    ) {
        let [columns, width] = [product.size[1].div_ceil(TILE), product.width()];
        let [a, b, c] = [product.a_strides, product.b_strides, product.c_strides];
        let first_of_a = rows.start * a[0] + steps.start * a[1];
        let first_of_b = steps.start * TILE * b[0];
        let out = product.c[rows.start * c[0]..].as_mut_ptr();
        let (bias, out_strides) = (start.rows(&rows), [c[0], TILE * c[0], c[1]]);
        let (start, start_strides) = match (start, &bias) {
            (Start::Result, _) => (out.cast_const(), out_strides),
            (_, Some(bias)) => (bias.0.as_ptr().cast(), [TILE, TILE * TILE, 0]),
            (_, None) => (ZEROS.0.as_ptr().cast(), [TILE, 0, 0]),
        };
        let mut panel = Panel {
            sizes: Sizes::of(rows.len(), width, pairs),
            tall: usize::from(rows.len() > TILE),
            wide: 0,
            columns: 0,
            steps: steps.len(),
            start,
            start_strides: bytes(start_strides),
            out,
            out_strides: bytes(out_strides),
            a: product.a[first_of_a..].as_ptr(),
            a_strides: bytes([a[0], TILE * a[0], a[1]]),
            b: product.b[first_of_b..].as_ptr(),
            b_strides: bytes([b[0], b[1], TILE * b[0]]),
        };
        for (wide, columns) in [(1, columns / 2), (0, columns % 2)] {
            (panel.wide, panel.columns) = (wide, columns);
            if columns > 0 {
                // SAFETY: the token proves the instructions. `TileProduct::check` saw that all terms of all rows and columns lie in the
                // slices a, b and c, and these are some of them, a last one behind all twos; `bias` has both tiles of rows, its one tile of
                // columns stands for all, and that of `ZEROS` for every tile.
                unsafe { panel.run() };
            }
        }
    }
}

static ZEROS: Lines<TILE> = Lines([[0.0; TILE]; TILE]);

/// Rows of a tile, each in a cache line.
#[repr(align(64))]
struct Lines<const ROWS: usize>([[f32; TILE]; ROWS]);

impl Start<'_> {
    /// Two tiles of rows of a bias, if there is one.
    fn rows(&self, rows: &Range<usize>) -> Option<Lines<{ 2 * TILE }>> {
        let Start::Rows(numbers) = self else {
            return None;
        };
        let mut bias = Lines([[0.0; TILE]; 2 * TILE]);
        for (row, &number) in bias.0.iter_mut().zip(&numbers[rows.clone()]) {
            row.fill(number);
        }
        Some(bias)
    }
}

/// `cpuid` tells it in register edx of leaf 7, if there is one.
fn in_the_processor() -> bool {
    let (bf16, tile) = (1 << 22, 1 << 24);
    if __cpuid_count(0, 0).eax < 7 {
        return false;
    }
    let features = __cpuid_count(7, 0).edx;
    features & bf16 != 0 && features & tile != 0
}

/// Asks Linux for the permission that a process needs, as tiles make a thread's state much larger: `ARCH_REQ_XCOMP_PERM` (Linux,
/// "Using XSTATE features in user space applications").
fn allowed() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let mut result = ARCH_PRCTL;
    // SAFETY: the call is given two numbers and touches no memory of this process; it changes rax, rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inout("rax") result,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// The tiles' sizes, as `ldtilecfg` reads them.
#[repr(C, align(64))]
struct Sizes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_of_row: [u16; 16],
    rows: [u8; 16],
}

impl Sizes {
    /// Of results of up to two tiles of rows, one below the other: tiles 0 and 1 above, side by side, 2 and 3 below; of their first
    /// factors, 4 above, 5 below; and of their second ones, 6 and 7.
    fn of(rows: usize, width: usize, pairs: usize) -> Sizes {
        let [above, below] = [rows.min(TILE), rows.saturating_sub(TILE)];
        let mut sizes = Sizes {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            bytes_of_row: [0; 16],
            rows: [0; 16],
        };
        let results =
            [(0, above), (1, above), (2, below), (3, below)].map(|(i, rows)| (i, rows, width));
        let first = [(4, above, pairs), (5, below, pairs)];
        let second = [(6, pairs, width), (7, pairs, width)];
        for (tile, rows, numbers) in results.into_iter().chain(first).chain(second) {
            // A tile of no rows is not used, and may not have any bytes.
            if rows > 0 {
                sizes.rows[tile] = rows as u8;
                sizes.bytes_of_row[tile] = (numbers * size_of::<f32>()) as u16;
            }
        }
        sizes
    }
}

// The assembly, in its order.

/// What stays in registers.
macro_rules! begin {
    () => {
        concat!(
            "ldtilecfg [{p} + {SIZES}]\n",
            "mov {tall}, [{p} + {TALL}]\n",
            "mov {ar}, [{p} + {A_STRIDES}]\n",
            "mov {br}, [{p} + {B_STRIDES}]\n",
            "mov {wide}, [{p} + {WIDE}]\n",
        )
    };
}

/// Label 2: the beginnings of the next sums.
macro_rules! sums {
    () => {
        concat!(
            "2:\n",
            "mov {r}, [{p} + {START_STRIDES}]\n",
            "mov {x}, [{p} + {START}]\n",
            "mov {y}, {x}\n",
            "tileloadd tmm0, [{x} + {r}]\n",
            "test {tall}, {tall}\n",
            "jz 3f\n",
            "add {y}, [{p} + {START_STRIDES} + 8]\n",
            "tileloadd tmm2, [{y} + {r}]\n",
            "3:\n",
            "test {wide}, {wide}\n",
            "jz 4f\n",
            "add {x}, [{p} + {START_STRIDES} + 16]\n",
            "tileloadd tmm1, [{x} + {r}]\n",
            "test {tall}, {tall}\n",
            "jz 4f\n",
            "add {y}, [{p} + {START_STRIDES} + 16]\n",
            "tileloadd tmm3, [{y} + {r}]\n",
        )
    };
}

/// Label 4: those of their factors.
macro_rules! factors {
    () => {
        concat!(
            "4:\n",
            "mov {a0}, [{p} + {A}]\n",
            "mov {a1}, {a0}\n",
            "add {a1}, [{p} + {A_STRIDES} + 8]\n",
            "mov {b0}, [{p} + {B}]\n",
            "mov {b1}, {b0}\n",
            "add {b1}, [{p} + {B_STRIDES} + 8]\n",
            "mov {n}, [{p} + {STEPS}]\n",
        )
    };
}

/// Label 5: one step after the other.
macro_rules! step {
    () => {
        concat!(
            "5:\n",
            "tileloadd tmm4, [{a0} + {ar}]\n",
            "tileloadd tmm6, [{b0} + {br}]\n",
            "tdpbf16ps tmm0, tmm4, tmm6\n",
            "test {tall}, {tall}\n",
            "jz 6f\n",
            "tileloadd tmm5, [{a1} + {ar}]\n",
            "tdpbf16ps tmm2, tmm5, tmm6\n",
            "6:\n",
            "test {wide}, {wide}\n",
            "jz 7f\n",
            "tileloadd tmm7, [{b1} + {br}]\n",
            "tdpbf16ps tmm1, tmm4, tmm7\n",
            "test {tall}, {tall}\n",
            "jz 7f\n",
            "tdpbf16ps tmm3, tmm5, tmm7\n",
            "7:\n",
            "add {a0}, [{p} + {A_STRIDES} + 16]\n",
            "add {a1}, [{p} + {A_STRIDES} + 16]\n",
            "add {b0}, [{p} + {B_STRIDES} + 16]\n",
            "add {b1}, [{p} + {B_STRIDES} + 16]\n",
            "dec {n}\n",
            "jnz 5b\n",
        )
    };
}

/// The sums are stored.
macro_rules! results {
    () => {
        concat!(
            "mov {r}, [{p} + {OUT_STRIDES}]\n",
            "mov {x}, [{p} + {OUT}]\n",
            "mov {y}, {x}\n",
            "tilestored [{x} + {r}], tmm0\n",
            "test {tall}, {tall}\n",
            "jz 8f\n",
            "add {y}, [{p} + {OUT_STRIDES} + 8]\n",
            "tilestored [{y} + {r}], tmm2\n",
            "8:\n",
            "test {wide}, {wide}\n",
            "jz 9f\n",
            "add {x}, [{p} + {OUT_STRIDES} + 16]\n",
            "tilestored [{x} + {r}], tmm1\n",
            "test {tall}, {tall}\n",
            "jz 9f\n",
            "add {y}, [{p} + {OUT_STRIDES} + 16]\n",
            "tilestored [{y} + {r}], tmm3\n",
        )
    };
}

/// Label 9: one or two tiles of columns further.
macro_rules! further {
    () => {
        concat!(
            "9:\n",
            "mov {x}, [{p} + {START_STRIDES} + 16]\n",
            "add {x}, {x}\n",
            "add [{p} + {START}], {x}\n",
            "mov {x}, [{p} + {OUT_STRIDES} + 16]\n",
            "add {x}, {x}\n",
            "add [{p} + {OUT}], {x}\n",
            "mov {x}, [{p} + {B_STRIDES} + 8]\n",
            "add {x}, {x}\n",
            "add [{p} + {B}], {x}\n",
            "dec qword ptr [{p} + {COLUMNS}]\n",
            "jnz 2b\n",
            "tilerelease\n",
        )
    };
}

/// What the assembly is told, which moves on in it: up to two tiles of rows times columns, one or two tiles of them at a time. Strides
/// are in bytes.
#[repr(C)]
struct Panel {
    sizes: Sizes,
    /// 1 for two tiles of rows.
    tall: usize,
    /// 1 for two tiles of columns at a time.
    wide: usize,
    /// How many times, at least once.
    columns: usize,
    /// At least one.
    steps: usize,
    start: *const f32,
    /// From row to row, from tile to tile of rows, of columns.
    start_strides: [usize; 3],
    out: *mut f32,
    /// Likewise.
    out_strides: [usize; 3],
    a: *const f32,
    /// From row to row, from tile to tile of rows, from step to step.
    a_strides: [usize; 3],
    b: *const f32,
    /// From row to row, from tile to tile of columns, from step to step.
    b_strides: [usize; 3],
}

fn bytes(strides: [usize; 3]) -> [usize; 3] {
    strides.map(|stride| stride * size_of::<f32>())
}

impl Panel {
    /// Four tiles of sums, or two, run down the steps; then the next ones.
    ///
    /// A product is begun every 16 cycles and is ready after 52 (Intel, "64 and IA-32 Architectures Optimization Reference Manual", AMX),
    /// so fewer than four sums at a time wait. Setting the sizes was measured to take .11 to .2 microseconds: once for all columns.
    ///
    /// # Safety
    /// The CPU has AMX and the system allows it, and all tiles that the strides lead to are there.
    unsafe fn run(&mut self) {
        // SAFETY: reads and writes what the caller promises and this struct; the tiles are configured first and released at the end.
        unsafe {
            asm!(
                begin!(),
                sums!(),
                factors!(),
                step!(),
                results!(),
                further!(),
                p = in(reg) self,
                tall = out(reg) _,
                wide = out(reg) _,
                r = out(reg) _,
                x = out(reg) _,
                y = out(reg) _,
                n = out(reg) _,
                a0 = out(reg) _,
                a1 = out(reg) _,
                b0 = out(reg) _,
                b1 = out(reg) _,
                ar = out(reg) _,
                br = out(reg) _,
                out("tmm0") _,
                out("tmm1") _,
                out("tmm2") _,
                out("tmm3") _,
                out("tmm4") _,
                out("tmm5") _,
                out("tmm6") _,
                out("tmm7") _,
                SIZES = const offset_of!(Panel, sizes),
                TALL = const offset_of!(Panel, tall),
                WIDE = const offset_of!(Panel, wide),
                COLUMNS = const offset_of!(Panel, columns),
                STEPS = const offset_of!(Panel, steps),
                START = const offset_of!(Panel, start),
                START_STRIDES = const offset_of!(Panel, start_strides),
                OUT = const offset_of!(Panel, out),
                OUT_STRIDES = const offset_of!(Panel, out_strides),
                A = const offset_of!(Panel, a),
                A_STRIDES = const offset_of!(Panel, a_strides),
                B = const offset_of!(Panel, b),
                B_STRIDES = const offset_of!(Panel, b_strides),
                options(nostack),
            );
        }
    }
}
