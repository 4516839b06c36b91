"""The public register of the model in use: one page in plain Chinese, made from the registry and nothing else.

Source: 个人信息保护法 第二十四条 (automated decisions: transparency, explanation, refusal), 第五十五条、第五十六条
(impact assessment before automated decisions).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.consent.texts import automated_decision_notice
from pipelines.quarter.group_words import ATTRIBUTES, group_word
from pipelines.quarter.page import heading, page, paragraph, table
from pipelines.quarter.report import shown

UNKNOWN = "需人工核实"


@dataclass(frozen=True, slots=True)
class Office:
    """Who is in charge and how to reach them; None where nobody said."""

    name: str | None
    contact: str | None


TITLE = "岗位推荐模型公开登记"


def register_html(version: Mapping[str, Any], office: Office) -> str:
    """Return the page for the version in use (`pipelines.model_documents.shown_version`)."""
    return page(TITLE, register_parts(version, office))


def register_parts(version: Mapping[str, Any], office: Office) -> list[str]:
    """Return what stands on the page, part by part as HTML without styles; every text in it is escaped."""
    card: Mapping[str, Any] | None = version["card"]
    notice = automated_decision_notice()
    parts = [
        paragraph("本页由模型登记自动生成，说明为残疾人推荐岗位的排序模型。它只排序，由人决定。"),
        heading("用途"),
        paragraph(
            "为求职者把在招岗位按适合程度排序，说明理由和缺少的信息，供就业服务人员和本人参考。不用于审批、拒绝或处罚。"
        ),
        paragraph(f"{notice['text']}{notice['refusal']}{notice['review']}"),
        heading("用了什么数据"),
        paragraph(
            "岗位的内容，求职者所填的意向、技能、学历、地区、功能情况，以及过去的浏览、推荐、应聘和入职记录。"
            "姓名、证号、电话、住址不参与学习；残疾类别、等级、性别、年龄、户籍不是特征，只在事后用来检查各人群是否受到同样对待。"
            "不同意用于统计和改进的人，其记录不参与学习。"
        ),
        _data(version, card),
        heading("怎样排序"),
        paragraph(
            "先按法律规定、岗位写明且无法以便利补足的要求，以及本人提出的限制，去掉不能推荐的岗位，每一项都写明理由；"
            "再按地点、工资、技能、工种、文字相近程度和以往记录算出分数，其中包括从以往推荐和应聘中学到的、"
            "人们在所填内容之外更愿意选什么（理由中会写明）；面向残疾人的岗位和政策重点照顾的岗位排在前面，并注明依据。"
            "不知道的情况不当作“不行”。"
        ),
        heading("局限"),
        *_limits(card),
        heading("检验结果"),
        *_measured(card),
        heading("谁负责"),
        paragraph(f"负责单位或负责人：{office.name or UNKNOWN}。联系方式：{office.contact or UNKNOWN}。"),
        *_decided(version),
        heading("依据"),
        paragraph("个人信息保护法第二十四条（自动化决策）、第五十五条（个人信息保护影响评估）。"),
    ]
    return [part for part in parts if part]


def _data(version: Mapping[str, Any], card: Mapping[str, Any] | None) -> str:
    rows: list[tuple[str, object]] = [("版本", version["version"]), ("学习到", version["trained_until"])]
    keeps = version["summary"].get("keeps_people")
    rows.append(("个人的内容", UNKNOWN if keeps is None else _KEEPS if keeps else _KEEPS_NOBODY))
    if card is not None:
        # To tens: a public figure tells of nobody.
        rows += [(label, _about(card["counts"][name])) for name, label in _COUNTS.items()]
        rows += [("规则版本", card["rules_version"]), ("程序", card["code"]), ("数据哈希", card["data_hash"][:16])]
    return table("现用版本", ("项目", "值"), rows)


_KEEPS = "模型文件中存有以代号标示的个人向量，加密保存"
_KEEPS_NOBODY = "模型文件中不存任何个人的内容，从互动中学到的都加密保存"
_COUNTS = {"people": "求职者约", "vacancies": "岗位约", "acts": "互动记录约"}


def _about(n: int) -> str:
    return "少于10" if n < 10 else str(round(n, -1))


def _limits(card: Mapping[str, Any] | None) -> list[str]:
    said = [
        paragraph("历史记录反映过去推荐过什么，没有机会被看到的岗位会被低估；没有记录的人和新岗位排得较不准。"),
        paragraph("“入职可能”是按以往结果的估计，不是对某个人的判断；结果太少时不给出。"),
    ]
    if card is None:
        return [*said, paragraph(f"这个版本没有经过季度检验，检验结果{UNKNOWN}。", is_marked=True)]
    failed = [r for r in card["gates"]["results"] if r["id"] in card["gates"]["failed"]]
    if failed:
        said.append(
            table(
                "没有通过或需人工核实的核查",
                ("核查", "结果", "依据"),
                [(r["label"], r["word"], r["reason"]) for r in failed],
            )
        )
        said.append(paragraph("表中所说的“现用版本”，是核查那一天在用的版本，即本版本之前的一版。"))
    return said


def _measured(card: Mapping[str, Any] | None) -> list[str]:
    if card is None:
        return [paragraph(UNKNOWN)]
    whole = card["metrics"]["shortlist"]["all"]
    rows = [
        (name, shown(whole[key]))
        for name, key in (("前十位找到率（召回率）", "recall@10"), ("排序质量（NDCG）", "ndcg@10"))
        if key in whole
    ]
    parts = [
        paragraph(
            "用过去的数据学习，用之后发生的事检验；方括号内是95%的区间。召回率：一个人后来看过、应聘或入职的岗位，"
            "有多大比例已在名单前十位，1为全部。NDCG：这些岗位在前十位中排得有多靠前，1为最好。"
        ),
        table("实际名单", ("指标", "值［区间］"), rows),
    ]
    for attribute, groups in card["fairness"].items():
        shown_rows = [
            (group_word(attribute, name), shown(row["recall"]) or _FEW, shown(row["covered"]) or _FEW)
            for name, row in groups.items()
        ]
        parts.append(table(f"按{ATTRIBUTES.get(attribute, attribute)}", ("人群", "召回率", "有名单的比例"), shown_rows))
    return [*parts, paragraph("有名单的比例：在招岗位中有十个以上可以推荐的人所占的比例。")]


_FEW = "没有单独测量：人数太少，或并入人数少的各组"


def _by_whom(version: Mapping[str, Any]) -> str:
    """Say who gave the reason: another than the maker is sure only where the maker's name was kept."""
    is_known = str(version.get("made_by") or "").startswith(("user:", "named:"))
    return f"，由{'制作人以外的另一人' if is_known else '工作人员'}写明理由。"


def _decided(version: Mapping[str, Any]) -> list[str]:
    acts, card = version["promotions"], version["card"]
    if not acts:
        return [paragraph("这个版本是安装时或首次训练时启用的，没有启用的记录。")]
    last = acts[-1]
    said = f"{last['at'][:10]} 由工作人员决定{'恢复' if last['act'] == 'rollback' else '启用'}；"
    # Why it answers in spite of its gates was said when it was promoted, also where it was gone back to since.
    reason = next((act["reason"] for act in reversed(acts) if act["reason"]), None)
    overruled = next((act for act in reversed(acts) if act["failed"]), None)
    if card is None:
        said += f"这个版本没有经过季度核查，{UNKNOWN}{_by_whom(version) if overruled else '。'}"
    elif card["gates"]["failed"]:
        said += f"有核查没有通过或需人工核实{_by_whom(version)}"
    else:
        said += "全部核查通过。"
    return [paragraph(said), paragraph(f"理由：{reason}") if reason else ""]
