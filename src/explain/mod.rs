//! Why a model gave a row its probability: where its attention went, and what each field was worth.
//!
//! Attention weights are shown by the paper as explanations (section 5.5). But they say where an interacting layer looked, not what
//! the prediction hangs on: layers after it, the residual and the MLP may turn the weight of a token into anything (Jain and Wallace,
//! "Attention is not Explanation", NAACL 2019). So beside them stands what can be checked, the *ablation* of each field, and a number
//! that says how far the two agree, with what random rankings would reach.
//!
//! Reading order: [`attention`] (the weights), [`ablation`] (a field made unknown), [`agreement`] (rank correlation and chance),
//! [`explanation`] (one row), [`sample`] (the mean over many), [`row`] (a raw row as a person writes it), [`pair`] (that of a user and an item), [`svg`] (drawings),
//! [`files`] (both as files). Beside them [`trace`]: one row through the model, op by op, which says what is computed, not why.

pub mod ablation;
pub mod agreement;
pub mod attention;
pub mod explanation;
pub mod files;
pub mod pair;
pub mod row;
pub mod sample;
pub mod svg;
pub mod trace;

pub use agreement::{Agreement, MeanAgreement, Random};
pub use attention::{Attention, Interaction};
pub use explanation::{Explainer, Explanation};
pub use sample::{Summary, chosen};
