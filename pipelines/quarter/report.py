"""The report of a cycle as a page: what was found, gate by gate, each chart with its table. It decides nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.quarter.charts import Bar, forest
from pipelines.quarter.group_words import ATTRIBUTES, SEGMENTS, group_word
from pipelines.quarter.page import figure, heading, page, paragraph, table

_MODELS = {"popularity": "只看热门", "content": "只看所填事实", "hybrid": "学到的分数", "shortlist": "实际名单"}
_TESTED = {
    "as_is": "现用版本不知道划分日之后的事，按原样检验",
    "its_parameters": "现用版本学到了划分日之后的数据，改用它的参数、只学到划分日的数据再检验",
    "same_parameters": "新旧两版参数相同，现用版本又学到了划分日之后的数据：检验期内两者没有差别，只能与登记的水平相比",
}


def report_html(report: Mapping[str, Any]) -> str:
    """Return the page of a report."""
    head = report["head"]
    parts = [
        paragraph(
            f"截至 {head['as_of']}；程序 {head['code']}；规则 {head['rules_version']}；现用版本 {head['champion']}；"
            f"核查标准自 {head['gates_from']} 起。本报告只供决定之用，不自动启用任何版本。"
        ),
        *_decision(report),
        *_data(report),
        *_search(report),
        *_in_time(report),
        *_fairness(report),
        *_off_policy(report),
        *_shadow(report),
        *_timing(report),
    ]
    return page("模型季度报告", [part for part in parts if part])


def shown(value: Any) -> str | None:
    """Return a value with its interval in words; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return f"{value:.4g}"
    if "because" in value:
        return f"需人工核实：{value['because']}"
    return f"{value['mean']:.4f}［{value['low']:.4f}，{value['high']:.4f}］"


def _bar(label: str, value: Any) -> Bar:
    if not isinstance(value, Mapping) or "because" in value:
        return Bar(label, None if value is None or isinstance(value, Mapping) else float(value))
    return Bar(label, value["mean"], value["low"], value["high"])


def _decision(report: Mapping[str, Any]) -> list[str]:
    gates = report["gates"]
    rows = [(r["label"], r["word"], r["reason"], r["why"]) for r in gates["results"]]
    failed = gates["failed"]
    said = (
        f"{len(failed)} 项没有通过或需人工核实：启用须由制作人以外的另一人写明理由。"
        if failed
        else "全部核查通过，可以启用；仍由人决定。"
    )
    groups = [
        (
            r["label"],
            ATTRIBUTES.get(g["attribute"], g["attribute"]),
            group_word(g["attribute"], g["group"]),
            g["reason"],
        )
        for r in gates["results"]
        for g in r["groups"]
        if g["outcome"] != "met"
    ]
    return [
        heading("核查"),
        paragraph(said, is_marked=bool(failed)),
        table("核查结果", ("核查", "结果", "依据", "界限的理由"), rows),
        table("没有通过或需人工核实的人群", ("核查", "属性", "人群", "依据"), groups) if groups else "",
    ]


_LEARNED = {"past": "只知道过去的新模型", "champion_past": "只知道过去的现用方案", "today": "新模型"}
_MEASURED = {
    "recall_difference": "召回率与现用版本之差",
    "ndcg_difference": "NDCG与现用版本之差",
    "gain_over_stated": "NDCG比只看所填事实高",
    "recall_against_record": "召回率与现用版本登记时之比",
    "recall_gain_over_record": "召回率比现用版本登记时高",
    "chance_calibration": "入职可能性与实际之差",
    "churn": "名单前十位变动的比例",
    "flooding_sources": "互动超限的来源数",
    "people_covered_difference": "有名单的人所占比例之差",
    "vacancies_covered_difference": "出现在前十位的岗位所占比例之差",
    "congestion_difference": "最常出现的岗位所占名额之差",
    "most_shifted_feature": "变化最大的特征（稳定性指数）",
}


_CHANCE = {
    "n": "检验期内有结果的推荐",
    "mean_stated": "所说的可能性平均",
    "share_placed": "实际入职的比例",
    "calibration_error": "两者按档之差的平均",
    "brier": "平方误差（Brier）",
    "brier_of_mean": "只说平均比例时的平方误差",
}


def _data(report: Mapping[str, Any]) -> list[str]:
    data, split = report["data"], report["split"]
    rows = [
        ("数据哈希", data["data_hash"]),
        ("人", data["people"]),
        ("岗位", data["vacancies"]),
        ("互动记录", data["acts"]),
        ("划分日", split["split_at"]),
        *((f"{_LEARNED.get(name, name)}的哈希", told["sha256"]) for name, told in report["models"].items()),
    ]
    return [
        heading("数据"),
        paragraph("撤回或不同意用于学习的人不在内；姓名、证号、电话、住址、户号和本人所写文字不进入摘录。"),
        table("数据与文件", ("项目", "值"), rows),
    ]


def _search(report: Mapping[str, Any]) -> list[str]:
    found = report["search"]
    points = [(_point(p["point"]), p["ndcg"], p["n"]) for p in found["points"]]
    bars = [Bar(_point(p["point"]), p["ndcg"]) for p in found["points"]]
    return [
        heading("参数搜索"),
        paragraph(
            f"检验期之前的一段（自 {found['validation_from']} 起）用于挑选；只有在同一批人上好出一个标准误以上，"
            f"才换下第一组。采用：{_point(found['taken'])}。"
        ),
        figure("各组参数的 NDCG@10", forest("search", "各组参数的 NDCG@10", bars)),
        table("各组参数", ("参数", "NDCG@10", "人数"), points),
    ]


def _point(point: Mapping[str, Any]) -> str:
    return f"维数 {point['no_components']}，轮数 {point['epochs']}，先验 {point['prior_strength']:g}"


def _in_time(report: Mapping[str, Any]) -> list[str]:
    found = report["metrics"]["in_time"]
    k = found["k"]
    bars, rows = [], []
    for model, label in _MODELS.items():
        for segment, name in SEGMENTS.items():
            row = found["models"][model][segment]
            rows.append((label, name, row["n_people"], shown(row[f"recall@{k}"]), shown(row[f"ndcg@{k}"])))
        bars.append(_bar(label, found["models"][model]["all"][f"ndcg@{k}"]))
    overall = report["metrics"]["measures"]["overall"]
    chance = found["chance"]
    return [
        heading("按时间检验"),
        paragraph(
            f"{found['n_people']} 人，{found['n_relevant_pairs']} 对。{_TESTED[found['champion_tested']]}。"
            "实际名单低于学到的分数，是因为后来的互动中有许多超出本人提出的限制或写明的要求，名单不列这些岗位，也先排政策岗位。"
        ),
        figure(f"各模型的 NDCG@{k}（全体）", forest("models", f"各模型的 NDCG@{k}（全体）", bars)),
        table("各模型", ("模型", "人群", "人数", f"召回率@{k}", f"NDCG@{k}"), rows),
        figure(
            "与现用版本之差",
            forest(
                "against",
                "与现用版本之差",
                [_bar("召回率之差", overall["recall_difference"]), _bar("NDCG之差", overall["ndcg_difference"])],
                mark=0.0,
            ),
        ),
        table(
            "全部测量",
            ("测量", "值"),
            [(_MEASURED.get(name, name), shown(value)) for name, value in sorted(overall.items())],
        ),
        table("入职可能性", ("项目", "值"), [(_CHANCE.get(name, name), chance[name]) for name in sorted(chance)])
        if chance
        else paragraph("入职可能性：检验期内有结果的推荐太少，或模型没有给出概率。"),
    ]


def _fairness(report: Mapping[str, Any]) -> list[str]:
    parts = [
        heading("各人群"),
        paragraph(
            "这些属性只用于测量，从不作为特征。少于10人的组合并列出，合并后仍不足的不列。"
            "露出：在单位一侧推荐名单前二十位中所得注意力，与该组在可推荐者中所占份额之比，1为相当。"
        ),
    ]
    for attribute, groups in report["metrics"]["fairness"].items():
        label = ATTRIBUTES.get(attribute, attribute)
        bars = [_bar(group_word(attribute, name), row["recall"]) for name, row in groups.items()]
        rows = [
            (
                group_word(attribute, name),
                row["n_asked"],
                shown(row["covered"]),
                row["n_tested"],
                shown(row["recall"]),
                row["exposure"],
            )
            for name, row in groups.items()
        ]
        parts += [
            figure(f"按{label}：召回率", forest(f"group-{attribute}", f"按{label}：召回率", bars)),
            table(f"按{label}", ("人群", "查看人数", "有名单的比例", "检验人数", "召回率", "露出"), rows),
        ]
    return parts


def _off_policy(report: Mapping[str, Any]) -> list[str]:
    found = report["metrics"]["off_policy"]
    rows = [
        (
            label,
            found[name]["plain"],
            found[name]["snips"],
            shown(found[name].get("by_person")),
            found[name]["largest_weight_share"],
        )
        for name, label in (("challenger", "新版本"), ("champion", "现用版本"))
    ]
    return [
        heading("历史由谁安排"),
        paragraph(
            "人只能对看到的岗位作出反应，历史记录反映了工作人员以前推荐什么。加权的估计把少有机会被看到的岗位算得更重。"
            f"假定：{found['assumption']}。"
        ),
        table("原样的与加权的召回率", ("模型", "原样", "加权（SNIPS）", "逐人加权的平均", "最大一对所占权重"), rows),
        paragraph(
            f"逐人加权之差（新版本减现用版本）：{shown(found['snips_difference_by_person']) or '没有可比的人'}。"
        ),
    ]


def by_place(acted: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return how often a line was acted on, in the order of places: a file keeps them in that of letters."""
    return sorted(acted.items(), key=lambda one: int(one[0]))


def _shadow(report: Mapping[str, Any]) -> list[str]:
    found = report["shadow"]
    places = by_place(found["acted_by_place"])
    return [
        heading("用已存的名单请求对照"),
        paragraph(
            f"{found['n_requests']} 份已存名单重新问过两个模型，交错成一份；{found['days']} 天内有互动的一行，"
            f"记给出这一行的模型。"
            f"新版本胜 {found['challenger_wins']}，现用版本胜 {found['champion_wins']}。{found['says']}"
        ),
        table("名单中各位置之后有互动的次数", ("位置", "次数"), places) if places else "",
        *_live(found),
    ]


def _live(found: Mapping[str, Any]) -> list[str]:
    """Say what came of the tests on lists that people were given; both are off unless somebody switched them on."""
    lot, beside = found["by_lot"], found["beside"]
    rows = [
        (label, one["n_matched"], one.get("ips"), _between(one.get("interval")), one.get("snips"), one.get("because"))
        for label, one in (("新版本", lot["challenger"]), ("现用版本", lot["champion"]))
    ]
    return [
        heading("实际请求上的试验"),
        paragraph(
            f"有一位由抽签决定的名单 {lot['n_lists']} 份：每个岗位出现的可能性是已知的，"
            f"由此估计若该位由某版本决定，{lot['days']} 天内有互动的比例。"
            if lot["n_lists"]
            else "没有由抽签决定的名单（默认不启用：yougang models lot）。"
        ),
        table("抽签位置上的估计", ("模型", "抽中其所选的名单", "IPS", "95%区间", "SNIPS", "说明"), rows)
        if lot["n_lists"]
        else "",
        paragraph(
            f"同时询问过新版本的名单 {beside['n_requests']} 份（出示的都是现用版本的名单，因而对它有利）："
            f"新版本胜 {beside['challenger_wins']}，现用版本胜 {beside['champion_wins']}。{beside['says']}"
            if beside["n_requests"]
            else "没有同时询问新版本的名单（默认不启用：yougang models beside）。"
        ),
    ]


def _between(interval: Sequence[float] | None) -> str | None:
    return None if interval is None else f"［{interval[0]:.4f}，{interval[1]:.4f}］"


def _timing(report: Mapping[str, Any]) -> list[str]:
    found: Mapping[str, Any] = report["latency"]
    rows: Sequence[Sequence[object]] = [
        ("份数", found["n"]),
        ("中位数（毫秒）", found["p50_ms"]),
        ("95%（毫秒）", found["p95_ms"]),
    ]
    return [
        heading("用时"),
        paragraph("只有用时每次不同，其余数字在同样的数据和种子下逐字节相同。"),
        table("出一份名单", ("项目", "值"), rows),
    ]
