### 评估页面。不含标记。部分文本与卡片和代码共用。

page-title = 放射性碘难治性甲状腺癌：评分与列线图
page-skip = 跳到评估内容
page-assessed = 评估时间 { $when }。用于规划首次放射性碘治疗的研究性评分；不是诊断。
page-print = 打印供肿瘤多学科讨论

## 患者
page-patient = 患者
page-name = 姓名
page-name-missing = 未记录姓名
page-born = 出生日期
page-sex = 性别
page-identifier = 编号
sex-male = 男
sex-female = 女
sex-other = 其他
sex-unknown = 未知

## 提示
page-synthetic = 合成数据，不得用于诊疗
page-changed = 卡片显示之后病历已有变化：本页按现在的病历显示，可能与卡片不同。

## 模型是否适用
page-applies-title = 模型是否适用于该患者？
page-applies = 适用：首次放射性碘治疗前的转移性分化型甲状腺癌。
page-applies-with-caveats = 但有以下限制：
page-applies-not = 不适用。没有评分，也没有概率，原因是：
page-applies-not-means = 这并不说明该患者的风险高低。
page-no-caveats = 未发现限制答案的情况。
page-for-predictor = { $name }：
page-applicability-records = 所依据的记录

not-applicable-no-dtc-diagnosis = 未记录分化型甲状腺癌。
not-applicable-excluded-histology = 记录有模型所排除的甲状腺癌：髓样癌、未分化癌、低分化癌或淋巴瘤。
not-applicable-no-metastasis-recorded = 未记录转移。模型适用于转移性病变。
not-applicable-radioiodine-already-given = 已经接受过放射性碘治疗。模型适用于首次治疗前的患者。
not-applicable-deceased = 患者已去世。

## 评分
page-score-title = 评分
page-score-of = { $score } / { $maximum }
page-class-at-or-above-cutoff = 达到或超过临界值 { $cutoff }
page-class-below-cutoff = 低于临界值 { $cutoff }
page-class-indeterminate = 未定：缺失的信息可使评分落在临界值 { $cutoff } 的任何一侧
page-score-bar = 在 0 至 { $maximum } 的标尺上，评分为 { $score }；临界值为 { $cutoff }。
page-cutoff = 临界值 { $cutoff }

## 概率
page-probability-title = 列线图给出的概率
page-probability-band = 95 % 区间 { $low } 至 { $high }
page-probability-range = { $low } 至 { $high }
page-probability-of = ，即疾病最终成为放射性碘难治性的概率。
page-probability-open = 因有未知项而没有估计值：所示为所有可能情况中的最小下限与最大上限。
page-probability-basis = 依据：{ $basis }。
page-probability-bar = 在 0 至 100 % 的标尺上，概率为 { $probability }。

## 四个预测因子
page-predictors-title = 四个预测因子
page-predictors-caption = 各预测因子的状态、分值及其依据
page-total = 合计
page-record = 记录
page-what = 说明了什么
page-date = 日期
page-not-dated = 无日期
page-years = 诊断时年龄：{ $years } 岁
page-years-between = { $low } 至 { $high }
page-years-from = 至少 { $low }
page-sites = 部位：{ $sites }
page-suvmax = 最大 SUVmax：{ $value }
page-evidence-caption = “{ $name }”所依据的记录
page-no-evidence = 没有可用的记录。
page-set-aside-title = 未采用
page-set-aside-caption = 未用于“{ $name }”的记录
page-why = 原因
page-records = 记录
page-count-more = 另有 { $count } 条
page-hints-title = 值得一看
page-hints-caption = 关于“{ $name }”的线索；不决定任何结果
page-would-decide = 将决定分类
page-would-not-decide = 不会改变分类
page-would-not-alone = 单独不足以确定分类

## 线索
hint-value-in-free-text = 自由文本提到该所见；只采用编码的数值和判读。
hint-disease-worsened = 记录有恶化或进展；不视为复发。
hint-second-neck-operation = 记录有第二次颈部手术。
hint-completion-thyroidectomy = 记录有甲状腺补充切除术。

## 记录未被采用的原因
set-aside-unreadable = 无法读取
set-aside-unmapped-code = 其编码在此未知
set-aside-modifier-extension = 带有可能改变其含义的扩展
set-aside-not-confirmed = 未经确认
set-aside-not-final = 尚未定稿
set-aside-no-date = 没有日期
set-aside-unit-not-understood = 单位无法理解
set-aside-statistic-not-stated = 未说明 SUV 是否为最大值
set-aside-implausible-value = 数值不合理
set-aside-data-absent = 说明其数值缺失
set-aside-thyroid-bed = 摄取位于甲状腺床
set-aside-suvmax-not-recorded = 有可见摄取，但无 SUVmax
set-aside-foreign-subject = 属于另一患者
set-aside-no-subject = 未说明属于哪位患者
set-aside-entered-in-error = 误录
set-aside-refuted = 已被否定
set-aside-not-done = 未实施
set-aside-not-current = 已非当前情况
set-aside-before-operation = 早于手术
set-aside-after-assessment = 日期晚于本次评估
set-aside-stale = 过旧
set-aside-older-study = 以更新的 PET 为准
set-aside-not-fdg = 示踪剂不是 FDG
set-aside-not-suvmax = 不是 SUVmax
set-aside-physiologic-or-reference = 生理性摄取或参考区域
set-aside-other-cancer = 属于另一种癌
set-aside-not-dtc = 不是所指的甲状腺癌
set-aside-partial-thyroidectomy = 只切除了部分甲状腺
set-aside-diagnostic-radioiodine = 诊断用放射性碘，不是治疗
set-aside-benign-radioiodine = 因良性疾病使用的放射性碘
set-aside-not-given = 仅为医嘱或计划，尚未给予

## 缺失
page-missing-title = 缺失的信息
page-missing-none = 四个预测因子均已知。
page-missing-caption = 病历中未能确定的预测因子
page-effect = 对分类的影响

## 假设
page-whatif-title = 如果……会怎样？假设
page-whatif-about = 为未知项选择一个值，看看评分会是多少。不会保存任何内容，上面按病历得出的答案保持不变。启用脚本时，一经选择页面即重新显示。
page-whatif-as-recorded = 按病历
page-whatif-yes = 有
page-whatif-no = 无
page-whatif-show = 显示
page-whatif-clear = 回到病历
page-whatif-caption = 按病历得出的答案与假设的答案并列
page-whatif-record = 病历
page-whatif-hypothetical = 假设
page-whatif-if = 假设：{ $assumptions }
page-whatif-assumption = { $name }：{ $value }
page-whatif-class = 分类
page-whatif-other-model = 本次评估之后模型已更换，因此无法在此试算。请重新打开页面。

## 列线图
page-nomogram-title = 列线图
page-nomogram-scroll = 列线图；在窄屏上可横向滚动

## 模型、来源、结果
page-model-title = 模型
page-model-name = 模型
page-model-sha256 = 模型文件的 SHA-256
page-model-basis = 概率的依据
page-model-validation = 验证
page-model-not-validated = 无外部验证。未用本院患者验证。
page-about-applicability = 模型是否适用
page-sources-title = 记录的来源
page-sources-caption = 本次评估的记录来源，以及是否完整
page-source = 来源
page-from = 取得方式
page-pages = 页数
page-complete = 完整
page-yes = 是
page-no = 否
from-prefetch = 随调用发送
from-fetched = 从 FHIR 服务器读取
from-input = 文件
from-absent = 缺失
from-failed = 失败
page-result-title = 本次结果
page-result-id = 结果
page-software = 软件
page-assessed-at = 评估时间
page-end = 结束本次会话
page-end-about = 结束本页，并从服务器上删除所显示的内容。
