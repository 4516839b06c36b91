"""Place texts as job sites write them, invented by hand, with the division that the text supports and no more."""

import pytest

from matching.regions import divisions
from pipelines.sources import places
from pipelines.sources.places import read_place

# text, code, precision, rest
PLACES = (
    # dotted
    ("北京·海淀·永定路", "110108", "county", "永定路"),
    ("上海·浦东·张江", "310115", "county", "张江"),
    ("兰州·城关区·皋兰路街道", "620102", "county", "皋兰路街道"),
    ("兰州·红古", "620111", "county", ""),
    ("长春·朝阳·南湖", "220104", "county", "南湖"),
    ("朝阳·双塔区", "211302", "county", ""),
    ("吉林市·船营区", "220204", "county", ""),
    ("内江·市中区", "511002", "county", ""),
    ("济南·市中·魏家庄", "370103", "county", "魏家庄"),
    ("长沙·长沙", "430121", "county", ""),
    ("苏州·昆山·花桥", "320583", "county", "花桥"),
    ("郑州·管城·商都路", "410104", "county", "商都路"),
    ("呼和浩特·土左旗", "150121", "county", ""),
    ("昌吉·木垒哈萨克自治县", "652328", "county", ""),
    ("石河子市·东城街道", "659001", "county", "东城街道"),
    ("东莞·长安镇", "441900", "prefecture", "长安镇"),
    ("中山·东区街道", "442000", "prefecture", "东区街道"),
    ("大连·七贤岭", "210200", "prefecture", "七贤岭"),
    ("北京·海淀街道", "110000", "prefecture", "海淀街道"),
    ("武汉·经开区", "420100", "prefecture", "经开区"),
    # run together, city repeated
    ("深圳深圳宝安区宝安", "440306", "county", ""),
    ("深圳深圳福田区福田保税区", "440304", "county", "福田保税区"),
    ("北京北京", "110000", "prefecture", ""),
    ("上海上海张江", "310000", "prefecture", "张江"),
    ("浙江省宁波", "330200", "prefecture", ""),
    ("广西南宁青秀区", "450103", "county", ""),
    ("内蒙古呼和浩特新城区", "150102", "county", ""),
    ("湖南省长沙长沙县", "430121", "county", ""),
    ("湖南省长沙长沙会展广场", "430100", "prefecture", "长沙会展广场"),
    ("江西省南昌南昌县", "360121", "county", ""),
    ("山东省济南市中区", "370103", "county", ""),
    ("山东省青岛市北区", "370203", "county", ""),
    ("江苏省昆山", "320583", "county", ""),
    ("海南省陵水", "469028", "county", ""),
    ("海南省文昌", "469005", "county", ""),
    ("湖北省恩施", "422800", "prefecture", ""),
    ("云南省云南省", "530000", "province", ""),
    ("江苏省苏州苏州工业园区", "320500", "prefecture", "苏州工业园区"),
    ("湖北省武汉东湖新技术产业开发区", "420100", "prefecture", "东湖新技术产业开发区"),
    ("安徽省合肥高新区", "340100", "prefecture", "高新区"),
    ("山东省青岛西海岸新区", "370200", "prefecture", "西海岸新区"),
    ("浙江省杭州钱塘区", "330114", "county", ""),
    ("河北省雄安新区", "130600", "prefecture", "河北省雄安新区"),
    # with dashes and blanks
    ("安徽省 - 合肥市", "340100", "prefecture", ""),
    ("江苏省 - 昆山市", "320583", "county", ""),
    ("湖北省 - 仙桃市", "429004", "county", ""),
    ("安徽省", "340000", "province", ""),
    # abolished and renamed
    ("上海市 - 闸北区", "310106", "county", ""),
    ("上海市 - 卢湾区", "310101", "county", ""),
    ("上海市 - 南汇区", "310115", "county", ""),
    ("重庆市 - 璧山县", "500120", "county", ""),
    ("重庆市 - 荣昌县", "500153", "county", ""),
    ("重庆市 - 江津市", "500116", "county", ""),
    ("重庆市 - 石柱县", "500240", "county", ""),
    ("广州-萝岗区", "440112", "county", ""),
    # a character lost in a column of its own
    ("上海-东新区", "310115", "county", ""),
    ("北京-头沟区", "110109", "county", ""),
    ("上海-楼南区", "310000", "prefecture", "楼南区"),
    # Gansu
    ("甘肃", "620000", "province", ""),
    ("嘉峪关市", "620200", "prefecture", ""),
    ("兰州新区", "620171", "county", ""),
    ("甘肃矿区", "620299", "county", ""),
    ("平凉华亭", "620881", "county", ""),
    ("天祝县", "620623", "county", ""),
    ("敦煌", "620982", "county", ""),
    ("东乡县", "622926", "county", ""),
    ("临夏州积石山县", "622927", "county", ""),
    ("甘南州合作市", "623001", "county", ""),
    ("兰州市区", "620100", "prefecture", ""),
    ("甘肃省兰州市七里河区西津路12号", "620103", "county", "西津路12号"),
    # inside a sentence
    ("公司位于北京市海淀区中关村", "110108", "county", "中关村"),
    ("工作地点：甘肃省天水市秦州区", "620502", "county", ""),
    ("徐汇区虹漕路461号", "310104", "county", "虹漕路461号"),
    ("香港", "810000", "prefecture", ""),
)

NOT_UNDERSTOOD = (
    ("朝阳区建国路", places.UNCLEAR),  # 北京 or 长春
    ("南山区科技园", places.UNCLEAR),  # 深圳 or 鹤岗
    ("城关区", places.UNCLEAR),
    ("总部大楼", places.UNCLEAR),
    ("上海-天河区", places.CONTRADICTORY),
    ("西安·回民区", places.CONTRADICTORY),
    ("日本", places.ABROAD),
    ("全国", places.NATIONWIDE),
    ("�", places.BROKEN),
)


@pytest.mark.parametrize(("text", "code", "precision", "rest"), PLACES)
def test_place_is_read_as_deep_as_the_text_supports(text: str, code: str, precision: str, rest: str) -> None:
    place = read_place(text)
    assert (place.code, place.precision, place.rest) == (code, precision, rest)
    assert place.understood


@pytest.mark.parametrize(("text", "problem"), NOT_UNDERSTOOD)
def test_place_that_cannot_be_told_has_no_code_and_a_named_problem(text: str, problem: str) -> None:
    place = read_place(text)
    assert (place.code, place.understood, place.problem) == (None, False, problem)
    assert place.stated


@pytest.mark.parametrize("text", ["", "  ", "·"])
def test_empty_place_is_not_stated(text: str) -> None:
    assert not read_place(text).stated


def test_every_division_of_gansu_is_read_by_its_full_name() -> None:
    table = divisions()
    for code, region in table.items():
        if not code.startswith("62") or region.name == "市辖区" or code in ("620201", "620824"):
            continue  # 嘉峪关 is its own prefecture; 华亭县 is 华亭市 now
        upper = table[code[:4] + "00"].name if not code.endswith("00") else ""
        assert read_place(f"甘肃省{upper}{region.name}").code == code, region.name


def test_district_founded_after_the_table_stays_at_its_city() -> None:
    place = read_place("深圳·龙华区·民治")
    assert place.code in ("440300", "440309")
    assert place.understood
