with

churn_model as (
    select * from {{ source('learned', 'churn_model') }}
),

churn_evaluations as (
    select * from {{ source('learned', 'churn_evaluations') }}
),

segments_model as (
    select * from {{ source('learned', 'market_segments_model') }}
),

segment_fits as (
    select * from {{ source('learned', 'market_segment_fits') }}
),

-- A model has to be better than the best of what is naive, on each date.
churn_dates as (
    select
        test_date,
        max(case when predictor = 'model' then pr_auc end) as model_pr_auc,
        max(case when predictor <> 'model' then pr_auc end) as baseline_pr_auc,
        max(case when predictor = 'model' then brier_score end) as model_brier,
        min(case when predictor <> 'model' then brier_score end) as baseline_brier
    from churn_evaluations
    group by test_date
),

churn_measures as (
    select
        count(*) as test_count,
        avg(model_pr_auc) as model_pr_auc,
        avg(baseline_pr_auc) as baseline_pr_auc,
        avg(model_brier) as model_brier,
        avg(baseline_brier) as baseline_brier,
        count(
            case
                when
                    model_pr_auc > baseline_pr_auc and model_brier < baseline_brier
                    then 1
            end
        ) as won_count
    from churn_dates
),

churn_graded as (
    select
        *,
        case
            when test_count = 0 then null
            -- One good date may be luck.
            when won_count = test_count and test_count > 1 then 'A'
            when model_pr_auc > baseline_pr_auc and model_brier < baseline_brier
                then 'B'
            when model_pr_auc > baseline_pr_auc or model_brier < baseline_brier
                then 'C'
            else 'D'
        end as grade
    from churn_measures
),

segments_graded as (
    select
        *,
        case
            when silhouette <= baseline_silhouette then 'D'
            when stability >= 0.8 then 'A'
            when stability >= 0.6 then 'B'
            else 'C'
        end as grade
    from segment_fits
    where is_chosen
),

graded as (
    select
        'churn' as model_name,
        churn_model.model_version,
        churn_model.trained_at,
        churn_graded.grade,
        'pr_auc' as measure,
        churn_graded.model_pr_auc as model_value,
        churn_graded.baseline_pr_auc as baseline_value,
        coalesce(
            'Not trained: ' || churn_model.untrained_reason,
            case churn_graded.grade
                when 'A'
                    then
                        'Ranks and estimates better than the best naive prediction on '
                        || 'each test date'
                when 'B'
                    then
                        'Ranks and estimates better than the best naive prediction on '
                        || 'average'
                when 'C'
                    then
                        'Does not beat its baseline: it either ranks or estimates no '
                        || 'better than the best naive prediction'
                else
                    'Does not beat its baseline: the best naive prediction ranks and '
                    || 'estimates at least as well'
            end || ' (test dates: ' || churn_graded.test_count || ').'
        ) as verdict
    from churn_model
    cross join churn_graded
    union all
    select
        'market_segments' as model_name,
        segments_model.model_version,
        segments_model.trained_at,
        segments_graded.grade,
        'silhouette' as measure,
        segments_graded.silhouette as model_value,
        segments_graded.baseline_silhouette as baseline_value,
        coalesce(
            'Not trained: ' || segments_model.untrained_reason,
            case segments_graded.grade
                when 'A' then 'Clearer than what chance brings, and stable.'
                when 'B' then 'Clearer than what chance brings, and fairly stable.'
                when 'C'
                    then
                        'Does not beat its baseline: clearer than what chance brings, '
                        || 'but other customers would have led to other segments.'
                else
                    'Does not beat its baseline: chance brings segments as clear.'
            end
        ) as verdict
    from segments_model
    left join segments_graded on segments_model.model_version is not null
)

select
    model_name,
    grade,
    grade in ('A', 'B') as beats_baseline,
    verdict,
    measure,
    model_value,
    baseline_value,
    model_version,
    trained_at
from graded
