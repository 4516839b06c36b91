"""The four-fold assistance of who is hard to employ (四位一体就业援助): its levels."""

from matching.vocabulary import Term


class AssistanceLevel(Term):
    """Which assistance; the later ones hold the earlier."""

    BASIC = "basic", "基本就业服务援助"
    POLICY = "policy", "专项就业政策援助"
    HARD = "hard", "困难残疾人就业援助"
    URGENT = "urgent", "急难就业援助"
