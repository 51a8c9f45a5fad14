### 语言本身的信息。

language-name = 简体中文
language-tag = zh-Hans
language-direction = ltr
# 临床医生审核全部译文之后才能改为 yes。
translation-reviewed = no
translation-note = 译文未经临床审核（translation not clinically reviewed）。

list-separator = 、
clause-separator = ；
percent = { $whole } %
percent-under-one = 低于 1 %
percent-over-ninety-nine = 高于 99 %
basis-built-in = 由已发表的汇总数据重建，未在本地验证；95 % 区间：拟合的抽样误差以及汇总数据未能确定的部分，取两种先验中较宽者
basis-of-range = { $basis }；为未知项所有可能取值中的最小下限与最大上限
