### 答案中各代码的用语。键的末尾就是代码，因此键保持原样。

## 四个预测因子

predictor-ageAtDiagnosis = 诊断时年龄 48 岁及以上
predictor-recurrence = 首次放射性碘治疗前复发
predictor-multiSiteMetastasis = 一个以上部位转移
predictor-fdgUptake = FDG PET 阳性，SUVmax 2.5 及以上

## 状态

state-present = 有
state-absent = 无
state-unknown = 未知
state-conflicting = 矛盾

## 为什么未知或矛盾

reason-onset-before-birth = 诊断日期早于出生日期
reason-age-implausible = 诊断时年龄将超过 120 岁
reason-no-birth-date = 未记录出生日期
reason-no-diagnosis-date = 未记录诊断日期
reason-age-on-the-boundary = 按所记录的日期，年龄可能低于也可能达到 48 岁
reason-reading-contradicts-value = 判读与测量值相互矛盾
reason-order-not-known = 按所记录的日期无法判断先后顺序
reason-threshold-not-decided = 所记录的 SUVmax 无法说明是否达到 2.5
reason-metastasis-after-negative = 最近一次“无病”记录之后出现转移
reason-negative-too-old = 最近一次“无病”记录过旧
reason-operation-not-recorded = 未记录甲状腺切除术
reason-suvmax-not-recorded = 报告有可见摄取，但无 SUVmax
reason-site-not-recorded = 未记录转移部位
reason-mediastinum-or-node = 纵隔与淋巴结可能为同一部位
reason-not-final = PET 报告尚未定稿
reason-source-incomplete = 部分记录未能读取
reason-stale = 最近一次 PET 过旧
reason-not-recorded = 未记录
reason-unreadable = 有一条记录无法读取
reason-unmapped-code = 有一条记录的编码在此未知
reason-modifier-extension = 有一条记录带有可能改变其含义的扩展
reason-not-confirmed = 有一条记录未经确认
reason-no-date = 有一条记录没有日期
reason-unit-not-understood = 有一个数值的单位无法理解
reason-statistic-not-stated = 有一个 SUV 未说明是否为最大值
reason-implausible-value = 有一个数值不合理
reason-data-absent = 有一条记录说明其数值缺失
reason-thyroid-bed = 摄取位于甲状腺床

## 对答案的限制：完整的句子

caveat-histology-presumed = 未记录组织学类型；推定为分化型癌。
caveat-histology-outside-cohort = 嗜酸细胞癌不在研究队列的组织学表中。
caveat-other-primary-cancer = 另有原发癌记录；转移和摄取可能属于该癌。
caveat-thyroidectomy-not-recorded = 未记录甲状腺切除术；模型适用于（近）全甲状腺切除术后的患者。
caveat-thyroidectomy-extent-not-recorded = 未记录甲状腺切除的范围。
caveat-age-outside-derivation-range = 诊断时年龄在研究队列范围（11 至 77 岁）之外。
caveat-radioiodine-for-benign-disease = 有因良性疾病使用放射性碘的记录；请核实。
caveat-radioiodine-uncertain = 有一条记录可能是一次放射性碘治疗；模型适用于首次治疗前的患者。
caveat-radioiodine-not-checked = 无法核查既往放射性碘治疗：操作或用药记录不可用。
caveat-irradiation-history = 有放射照射史的记录；未说明种类。
caveat-diagnosis-date-from-record = 诊断日期取自记录日期，可能偏晚。
caveat-operation-undated = 未记录手术日期。
caveat-recurrence-undated = 复发没有日期。
caveat-may-be-persistent-disease = 复发可能在术后 90 天之内，也可能是持续性病变。
caveat-metastasis-undated = 未记录某一转移的起始时间。
caveat-recurrence-assumed-absent = 未见复发记录；按本地设置视为无复发。
caveat-bone-and-marrow-only = 仅有骨和骨髓两个部位。
caveat-metastasis-from-staging = 有转移仅由分期得知。
caveat-visual-reading-not-recorded = 有 SUVmax 达到 2.5 的病灶未记录目测判读。
caveat-tracer-presumed = 未注明 PET 示踪剂；推定为 FDG。
caveat-pet-older-than-90-days = PET 可能早于 90 天之前；研究队列中 PET 在放射性碘治疗前后一周之内。
caveat-pet-may-precede-operation = PET 可能早于手术。
caveat-visible-uptake-below-threshold = 有可见摄取，但 SUVmax 低于 2.5。
caveat-newer-pet-not-final = 更新的 PET 报告尚未定稿。

## 记录来源

source-patient = 患者
source-conditions = 病情诊断
source-observations = 观察结果
source-procedures = 操作
source-medicationAdministrations = 用药
source-diagnosticReports = 诊断报告

## 记录说明了什么

what-birth-date = 出生日期
what-diagnosis-of-differentiated-thyroid-cancer = 分化型甲状腺癌的诊断
what-age-at-onset-of-differentiated-thyroid-cancer = 分化型甲状腺癌的发病年龄
what-differentiated-thyroid-cancer = 分化型甲状腺癌
what-oncocytic-thyroid-cancer = 甲状腺嗜酸细胞癌
what-thyroid-cancer-histology-not-stated = 甲状腺癌，未说明组织学类型
what-history-of-thyroid-cancer = 甲状腺癌病史
what-spread-or-recurrence-of-thyroid-cancer = 甲状腺癌的扩散或复发
what-thyroid-cancer-of-a-kind-that-the-model-excludes = 模型所排除的甲状腺癌类型
what-another-primary-cancer = 另一原发癌
what-total-thyroidectomy = 全甲状腺切除术
what-completion-thyroidectomy = 甲状腺补充切除术
what-left-thyroid-lobectomy = 甲状腺左叶切除术
what-right-thyroid-lobectomy = 甲状腺右叶切除术
what-thyroidectomy-extent-not-stated = 甲状腺切除术，未说明范围
what-iodine-131-treatment = 碘-131 治疗
what-possible-iodine-131-treatment = 可能的碘-131 治疗
what-history-of-irradiation = 放射照射史
what-recurrence-of-thyroid-cancer = 甲状腺癌复发
what-clinical-status-recurrence = 临床状态：复发
what-disease-status-recurrence = 疾病状态：复发
what-record-that-could-not-be-read = 无法读取的记录
what-no-evidence-of-disease = 无疾病证据
what-stage-n1-lymph-node = N1 期：淋巴结
what-stage-m1-site-not-said = M1 期：未说明部位
what-metastasis-site-not-said = 转移，未说明部位
what-fdg-pet-without-a-usable-result = FDG PET，无可用结果
what-metastasis = 转移：{ $sites }
what-fdg-pet = FDG PET：{ $findings }
what-suvmax = SUVmax { $value }
what-suvmax-read-positive = SUVmax { $value }，判读为阳性
what-suvmax-read-negative = SUVmax { $value }，判读为阴性
what-study-read-positive = 检查整体判读为阳性
what-study-read-negative = 检查整体判读为阴性

## 部位

site-lymph-node = 淋巴结
site-lung = 肺
site-bone = 骨
site-larynx-trachea = 喉和气管
site-pleura = 胸膜
site-liver = 肝
site-kidney = 肾
site-adrenal = 肾上腺
site-bone-marrow = 骨髓
site-brain-cns = 脑和中枢神经系统
site-skin = 皮肤
site-mediastinum = 纵隔
site-other-breast = 其他：乳腺
site-other-colorectum = 其他：结直肠
site-other-genital-organs = 其他：生殖器官
site-other-muscle = 其他：肌肉
site-other-ovary = 其他：卵巢
site-other-peritoneum = 其他：腹膜
site-other-small-bowel = 其他：小肠
site-other-soft-tissue = 其他：软组织
site-other-urinary-tract = 其他：泌尿道
