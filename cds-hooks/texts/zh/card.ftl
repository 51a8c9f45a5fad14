### 卡片。摘要少于 140 个字符，单独看也必须正确，不含标记。其余文本可含 Markdown：
### 结束的 ** 紧跟在标点之后时，其后须有空格或标点，否则不会显示为粗体。

## 摘要
summary-at-or-above-cutoff = RR-DTC 评分 { $score }/{ $maximum }（临界值 { $cutoff }）：达到或超过临界值。未经验证的研究性评分，不是诊断；供团队讨论。
summary-below-cutoff = RR-DTC 评分 { $score }/{ $maximum }（临界值 { $cutoff }）：低于临界值，但并非低风险：此类患者 { $patients } 例中有 { $refractory } 例成为难治性。
summary-indeterminate = RR-DTC 评分 { $score }/{ $maximum }（临界值 { $cutoff }）：无法分类，4 个预测因子中有 { $missing } 个未知。未经验证的研究性评分。

## 预测因子表
column-predictor = 预测因子
column-state = 状态
column-points = 分值
column-rests-on = 依据
column-date = 日期

## 评分与原研究所见
score-at-or-above-cutoff = **评分 { $score }，满分 { $maximum }** ，临界值 { $cutoff }：达到或超过。
score-below-cutoff = **评分 { $score }，满分 { $maximum }** ，临界值 { $cutoff }：低于。
score-indeterminate = **评分 { $score }，满分 { $maximum }** ，临界值 { $cutoff }：未定。
study-with-pet = 原研究中，达到或超过临界值且 PET 阳性的 { $patients } 例患者中，有 { $refractory } 例后来被判定为难治性。
study-without-pet = 原研究中，达到或超过临界值而 PET 非阳性的 { $patients } 例患者中，有 { $refractory } 例后来被判定为难治性。
study-pet-unknown = 原研究中，达到或超过临界值者：PET 阳性的 { $withPatients } 例中有 { $withRefractory } 例，非阳性的 { $withoutPatients } 例中有 { $withoutRefractory } 例，后来被判定为难治性。
below-is-not-low = 低于临界值并不等于“低风险”。
study-below = 原研究中，此类患者 { $patients } 例中有 { $refractory } 例（{ $share }）后来被判定为难治性。
study-indeterminate = 缺失的信息决定分类。原研究中，低于临界值的 { $belowPatients } 例患者中有 { $belowRefractory } 例（{ $belowShare }）后来被判定为难治性，达到或超过临界值的 { $abovePatients } 例中有 { $aboveRefractory } 例。

## 列线图
nomogram-estimate = **列线图：{ $estimate }** （95 % 区间 { $low } 至 { $high }），即疾病最终成为难治性的概率。依据：{ $basis }。
nomogram-range = **列线图：{ $low } 至 { $high }** ，即疾病最终成为难治性的概率。依据：{ $basis }。
nomogram-disagrees = 评分与列线图是两个模型，对患者的排序不同：评分为 { $score } 时，列线图给出 { $estimate }。

## 缺失
missing-title = **缺失**
missing-decisive = { $name }：{ $reason } - **将决定分类**
missing-not-decisive = { $name }：{ $reason } - 不会改变分类
missing-undecided = { $name }：{ $reason }

## 限制
caveats-title = **注意事项**
not-complete = 部分记录未能读取：{ $sources }。
set-aside-count = 有 { $count } 条记录未被采用；评估结果逐条列出并说明原因。

## 局限
limits-study = 来自单一中心的研究性评分（{ $patients } 例转移性 DTC 患者），未经外部验证。
limits-local = 本地考察：{ $site }，{ $patients } 例患者，{ $refractory } 例难治性，{ $date }。
limits-use = 它不能诊断难治性疾病，其本身也不改变放射性碘治疗的适应证。
limits-model = 模型 { $id } { $version }，{ $sha256 }。

## 链接与来源
source-label = rrdtc：Liu、Wang 和 Zhang 的 52 分评分（EJNMMI Research 2022）
paper-label = 原研究（EJNMMI Research 2022;12）
model-facts-label = 模型说明：评分与列线图的依据
smart-label = 打开评估页面：依据、评分与列线图

## 不采纳卡片的理由
override-already-discussed = 已讨论
override-patient-ineligible = 患者不符合所建议措施的适用条件
override-need-more-info = 因需要更多信息、结果或会诊未回，暂无法处理所建议的措施
override-inappropriate-recipient = 提示发送给了不合适的人员或角色
override-does-not-align-latest-evidence = 所建议的措施与最新证据不符
override-recipient-does-not-trust = 接收者不同意或不信任所建议的措施

## 建议
draft-pet-label = 起草一份 FDG PET/CT 申请供审阅
draft-pet-description = 创建一份 18F-FDG PET/CT 申请草稿，须经审阅后才能签署。这并不表示有 PET 检查的适应证；只表示其结果将决定评分的分类。
draft-pet-code = 18F-FDG PET/CT
record-assessment-label = 记录本次评估
record-assessment-description = 创建一份风险评估记录，包含评分、分类及其所依据的记录。
risk-outcome = 放射性碘难治性分化型甲状腺癌
risk-at-or-above-cutoff = 达到或超过临界值
risk-below-cutoff = 低于临界值
risk-indeterminate = 无法分类
risk-rationale = 评分 { $low } 至 { $high }，满分 { $maximum }，临界值 { $cutoff }；结果 { $result }
