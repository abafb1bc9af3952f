//! Every word of the pages, in both languages.

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `ko`
    Korean,
    /// `en`
    English,
}

impl Language {
    /// The one that the address asks for, else the browser's.
    pub fn of(asked: Option<&str>, accepted: &str) -> Language {
        match asked {
            Some("ko") => Language::Korean,
            Some("en") => Language::English,
            // The first of both in the browser's list; their weights only ever fall.
            _ => match (accepted.find("ko"), accepted.find("en")) {
                (Some(korean), Some(english)) if korean < english => Language::Korean,
                (Some(_), None) => Language::Korean,
                _ => Language::English,
            },
        }
    }

    /// As in an address, and in `lang`.
    pub fn code(self) -> &'static str {
        match self {
            Language::Korean => "ko",
            Language::English => "en",
        }
    }

    /// The other one.
    pub fn other(self) -> Language {
        match self {
            Language::Korean => Language::English,
            Language::English => Language::Korean,
        }
    }

    /// A word or a sentence.
    pub fn say(self, word: Word) -> &'static str {
        let (korean, english) = word.both();
        match self {
            Language::Korean => korean,
            Language::English => english,
        }
    }
}

macro_rules! words {
    ($($name:ident: $korean:literal, $english:literal;)*) => {
        /// What the pages say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Word { $($name),* }

        impl Word {
            #[cfg(test)]
            const ALL: &[Word] = &[$(Word::$name),*];

            fn both(self) -> (&'static str, &'static str) {
                match self { $(Word::$name => ($korean, $english)),* }
            }
        }
    };
}

words! {
    Tagline: "추천 모델을 보고, 묻고, 이해하기", "See, ask and understand a recommender";
    OtherLanguage: "English", "한국어";
    Users: "사용자", "users";
    Items: "아이템", "items";
    Rows: "기록", "rows";
    Models: "모델", "Models";
    Model: "모델", "model";
    Protocol: "프로토콜", "protocol";
    Preset: "프리셋", "preset";
    BestEpoch: "최적 에포크", "best epoch";
    ValidAuc: "검증 AUC", "validation AUC";
    ValidLoss: "검증 손실", "validation loss";
    TrainLoss: "학습 손실", "training loss";
    Epoch: "에포크", "epoch";
    Ask: "추천 받기", "Ask for recommendations";
    User: "사용자", "user";
    AllModels: "모두 나란히", "all, side by side";
    Moment: "시점 (비워 두면 데이터의 마지막 시점)", "The moment (left empty: the latest in the data)";
    Show: "보기", "Show";
    Liked: "좋아한 아이템", "Liked items";
    NoLiked: "좋아한 아이템이 없습니다. 추천은 프로필만으로 계산됩니다.", "This user has no liked items; the list below rests on the profile alone.";
    Recommended: "추천", "Recommended";
    Score: "점수", "score";
    Date: "날짜", "date";
    Shared: "두 모델 모두", "in both lists";
    Latest: "데이터의 마지막 값", "the latest in the data";
    Given: "직접 입력", "given";
    Unknown: "모델이 모르는 값", "values the model does not know";
    NoUser: "그런 사용자가 없습니다", "There is no such user";
    WhichUsers: "데이터에 있는 사용자의 예", "Users in the data are, for example";
    MissingUser: "사용자 번호를 입력해 주세요", "Please give a user";
    NoCatalogue: "이 모델에는 카탈로그가 없어 점수만 계산할 수 있습니다.", "This model has no catalogue: it can only score rows.";
    Similar: "비슷한 아이템", "Similar items";
    Cosine: "코사인 유사도", "cosine similarity";
    Item: "아이템", "item";
    NoItem: "그런 아이템이 없습니다", "There is no such item";
    Explanation: "점수의 이유", "Why this score";
    Probability: "확률", "probability";
    Attention: "어텐션 (층과 헤드별)", "Attention by layer and head";
    Contribution: "필드별 기여: 그 값을 모를 때 로짓이 줄어드는 만큼", "What each field adds: the logit less the logit without its value";
    Agreement: "어텐션과 기여의 일치(순위 상관)", "Agreement of attention and contribution (rank correlation)";
    ByChance: "우연이라면 95 %가 이 범위", "by chance, 95 % lie within";
    Strongest: "가장 강한 상호작용", "Strongest interactions";
    Training: "학습 과정", "Training";
    NoHistory: "이 모델의 학습 기록이 없습니다.", "There is no history of this model's training.";
    Before: "이전 쪽", "page before";
    After: "다음 쪽", "next page";
    Why: "가장 강한 상호작용", "strongest interaction";
    TestMetrics: "테스트 성능과 기준선", "On the test rows, beside the baselines";
    TrainingGoesOn: "학습이 진행 중입니다. 이 페이지는 5초마다 새로 고쳐집니다.", "A training is going on; this page renews itself every five seconds.";
    LossPerEpoch: "에포크별 로그 손실", "Logloss per epoch";
    AucPerEpoch: "에포크별 검증 AUC", "Validation AUC per epoch";
    WhatIf: "값을 바꿔 보기", "What if?";
    WhatIfHelp: "값을 바꾸거나 다른 사용자·아이템을 적으면 두 행을 나란히 비교합니다. 비워 두면 그대로입니다.", "Change values, or name another user or item, and see both rows side by side. What is left empty stays.";
    Field: "필드", "field";
    AsItIs: "원래 행", "As it is";
    Changed: "바꾼 행", "Changed";
    Compare: "비교하기", "Compare";
    MissingPair: "사용자와 아이템을 골라 주세요. 추천 목록의 아이템에서 이 페이지로 올 수 있습니다.", "Please give a user and an item: an item of a list of recommendations leads here.";
    Traffic: "실시간 트래픽", "Live traffic";
    Clicks: "노출과 클릭", "Shown and clicked";
    Shown: "노출", "shown";
    Clicked: "클릭", "clicked";
    ClickRate: "클릭률 (95 % 구간)", "click rate (95 % interval)";
    Calibration: "보정 (1이면 점수대로 클릭)", "calibration (1: as many clicks as the scores promise)";
    NoFeedback: "아직 피드백이 없습니다.", "There is no feedback yet.";
    Drift: "분포 변화", "Drift";
    DriftHelp: "최근 값과 점수를 학습 때와 비교합니다. PSI는 0.1부터 변화, 0.25부터 큰 변화로 봅니다. 값이 적으면 우연만으로도 커지므로 우연일 때의 평균을 함께 보여 줍니다.", "Recent values and scores against those of the training. A PSI from .1 counts as moving, from .25 as moved; few values make it large by chance, so its mean by chance stands beside it.";
    Window: "관찰 시간 (초)", "window in seconds";
    Values: "값", "values";
    UnknownShare: "모르는 값", "unknown";
    InTraining: "학습 때", "in training";
    Psi: "PSI", "PSI";
    PsiByChance: "우연일 때", "by chance";
    Silent: "값 없음", "nothing came";
    Stable: "안정", "stable";
    Moving: "변화", "moving";
    Moved: "큰 변화", "moved";
    ScoreRange: "점수", "score";
    Scores: "점수 분포", "Scores";
    Now: "지금", "now";
    NoDistribution: "이 모델은 학습 때의 분포를 저장하지 않았습니다. 다시 학습하면 볼 수 있습니다.", "This model does not say what it was trained on: train it anew to see drift.";
    NothingLeft: "남은 아이템이 없습니다.", "No item is left.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_in_both_languages() {
        for &word in Word::ALL {
            let (korean, english) = word.both();
            assert!(!korean.is_empty() && !english.is_empty(), "{word:?}");
        }
    }

    #[test]
    fn the_address_wins_over_the_browser() {
        assert_eq!(Language::of(Some("ko"), "en-US,en"), Language::Korean);
        assert_eq!(
            Language::of(None, "ko-KR,ko;q=0.9,en;q=0.8"),
            Language::Korean
        );
        assert_eq!(
            Language::of(None, "en-US,en;q=0.9,ko;q=0.8"),
            Language::English
        );
        assert_eq!(Language::of(Some("fr"), ""), Language::English);
    }
}
