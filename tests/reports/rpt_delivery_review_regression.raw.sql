-- Sums of exact numbers, and Student's own distribution by Simpson's rule, where the report has the
-- engine's regression and a normal approximation.
with

latest_reviews as (

    select *
    from {{ part('latest_reviews') }}

),

deliveries as (

    select
        latest_reviews.score::numeric as y,
        orders.order_delivered_customer_date::date
        - orders.order_estimated_delivery_date::date as days_behind,
        round(
            extract(
                epoch from date_trunc('second', orders.order_delivered_customer_date::timestamp)
                - date_trunc('second', orders.order_purchase_timestamp::timestamp)
            ) / 86400, 2
        ) as days
    from raw.orders
    inner join latest_reviews on orders.order_id = latest_reviews.order_id
    where
        orders._until_batch_id is null
        and orders.order_status = 'delivered'
        and orders.order_delivered_customer_date is not null
        and latest_reviews.score is not null

),

sums as (

    select
        predictors.predictor,
        count(*)::numeric as n,
        sum(predictors.x) as sx,
        sum(deliveries.y) as sy,
        sum(predictors.x * predictors.x) as sxx,
        sum(predictors.x * deliveries.y) as sxy,
        sum(deliveries.y * deliveries.y) as syy
    from deliveries
    cross join
        lateral (
            values
            ('days_to_deliver', deliveries.days),
            ('days_behind_promise', deliveries.days_behind::numeric),
            ('is_late', (deliveries.days_behind > 0)::integer::numeric)
        ) as predictors (predictor, x)
    where predictors.x is not null
    group by predictors.predictor

),

lines as (

    select
        predictor,
        n,
        sx / n as mean_x,
        sy / n as mean_y,
        (n * sxy - sx * sy) / (n * sxx - sx * sx) as slope,
        (n * sxy - sx * sy) ^ 2 / ((n * sxx - sx * sx) * (n * syy - sy * sy)) as r_squared,
        (n * sxx - sx * sx) / n as sxx,
        (n * syy - sy * sy) / n as syy
    from sums

),

errors as (

    select
        *,
        sqrt((syy - slope * slope * sxx) / (n - 2) / sxx) as standard_error,
        (n - 2)::double precision as df
    from lines

),

students as (

    select
        *,
        abs(slope / standard_error)::double precision as t
    from errors

),

-- The tail from t on, in parts of its height at t.
tails as (

    select
        students.predictor,
        sum(
            case when steps.i in (0, 20000) then 1 when steps.i % 2 = 1 then 4 else 2 end
            * exp(
                -(students.df + 1) / 2 * (
                    ln(1 + power(students.t + steps.i * width.h, 2) / students.df)
                    - ln(1 + power(students.t, 2) / students.df)
                )
            )
        ) * max(width.h) / 3 as area
    from students
    cross join
        lateral (
            select
                40 / greatest(3.5, (students.df + 1) * students.t / (students.df + students.t ^ 2))
                / 20000 as h
        ) as width
    cross join generate_series(0, 20000) as steps (i)
    group by students.predictor

),

probabilities as (

    select
        students.predictor,
        ln(2 * tails.area / sqrt(2 * pi()))
        + ln(1 - 1 / (4 * students.df) + 1 / (32 * students.df ^ 2))
        - (students.df + 1) / 2 * ln(1 + students.t ^ 2 / students.df) as ln_p
    from students
    inner join tails on students.predictor = tails.predictor

)

select
    errors.predictor,
    errors.n::integer as orders,
    errors.mean_x::numeric(12, 4) as mean_predictor,
    errors.mean_y::numeric(5, 4) as mean_review_score,
    errors.slope::numeric(12, 6) as slope,
    (errors.mean_y - errors.slope * errors.mean_x)::numeric(12, 6) as intercept,
    errors.r_squared::numeric(7, 6) as r_squared,
    errors.standard_error::numeric(12, 8) as slope_standard_error,
    (
        errors.slope - errors.standard_error * (1.959964 + 2.372271 / (errors.n - 2))
    )::numeric(12, 6) as slope_low,
    (
        errors.slope + errors.standard_error * (1.959964 + 2.372271 / (errors.n - 2))
    )::numeric(12, 6) as slope_high,
    (errors.slope / errors.standard_error)::numeric(12, 3) as t_statistic,
    exp(greatest(probabilities.ln_p, -200))::numeric(7, 6) as p_value,
    (probabilities.ln_p / ln(10.0))::numeric(12, 1) as log10_p_value
from errors
inner join probabilities on errors.predictor = probabilities.predictor
