/* The order of inner joins: the one that makes the fewest rows (a part of the pass JOINS).
 *
 * A tree of inner and cross joins is a set of relations (its leaves, up to RELATIONS), equalities between them, and other conditions. Equal columns
 * form classes, so that a = b and b = c also join a with c; within a set of relations all members of a class are equal, so joining two sets takes one
 * equality of each class that both know. The best tree for every set of relations is found from the best ones of its parts (dynamic programming over
 * subsets), for more than DP_RELATIONS of them by joining, again and again, the two parts whose join has the fewest rows. Costs are rows made, probed
 * and built (the right side is built). Where nothing tells the orders apart the written one stays.
 *
 * How many values a class has, and which rows of a table find no partner for certain, is taken from the ranges of its columns as far as statistics tell them.
 *
 * A condition that can fail keeps its join as it is written: the relation it stands in is a leaf here. */
#include <math.h>

#include "optimize_joins.h"

#define RELATIONS 32
#define DP_RELATIONS 10
#define MEMBERS 128 /* of classes; equalities past these are conditions */

typedef uint32_t relation_set;

/* One side of equalities. */
typedef struct member {
    expr_id expr;
    uint8_t relation;
    uint8_t class; /* equal to all others of the class */
} member;

typedef struct condition {
    expr_id expr;
    relation_set relations;
} condition;

typedef struct region {
    plan *plan;
    plan_id leaves[RELATIONS];
    double rows[RELATIONS], base[RELATIONS];
    size_t leaf_count;
    member members[MEMBERS];
    size_t member_count, class_count;
    bool null_safe[MEMBERS]; /* of a class */
    relation_set class_relations[MEMBERS]; /* of a class: where its members are, one in each */
    uint8_t class_members[MEMBERS][RELATIONS]; /* … which */
    double class_values[MEMBERS];
    condition *conditions;
    size_t condition_count;
    uint8_t *leaf_of; /* column -> 1 + leaf; 0: of none */
} region;

/* The best known way to make a set of relations. */
typedef struct way {
    double rows, cost;
    relation_set left; /* 0: not found, or a leaf */
} way;

/* Regions ---------------------------------------------------------------------------------------------------------------------------- */
static bool can_fail(const plan *plan, const plan_node *join)
{
    for (size_t i = 0; i < join->join.pair_count; i++)
        if (expr_at(&plan->exprs, join->join.pairs[i].left)->can_fail || expr_at(&plan->exprs, join->join.pairs[i].right)->can_fail)
            return true;
    for (size_t i = 0; i < join->join.residual_count; i++) {
        const expr_node *expr = expr_at(&plan->exprs, join->join.residual[i]);
        if (expr->can_fail || expr->is_volatile) return true;
    }
    return false;
}

bool joins_reorderable(const plan *plan, plan_id id)
{
    const plan_node *node = plan_at(plan, id);

    return node->kind == PLAN_JOIN && (node->join.kind == JOIN_INNER || node->join.kind == JOIN_CROSS) && !can_fail(plan, node);
}

/* The leaves, left to right. False: too many. */
static bool find_leaves(region *region, plan_id root, plan_id *joins, size_t *join_count)
{
    plan_id stack[2 * RELATIONS];
    size_t depth = 0;

    stack[depth++] = root;
    while (depth) {
        plan_id id = stack[--depth];
        const plan_node *node = plan_at(region->plan, id);
        if (joins_reorderable(region->plan, id)) {
            if (*join_count == RELATIONS - 1) return false;
            joins[(*join_count)++] = id;
            stack[depth++] = node->children[1];
            stack[depth++] = node->children[0];
        } else {
            if (region->leaf_count == RELATIONS) return false;
            region->leaves[region->leaf_count++] = id;
        }
    }
    return true;
}

typedef struct leaf_search {
    const region *region;
    relation_set found;
} leaf_search;

static bool look_at_leaf(void *data, const expr_pool *pool, expr_id id)
{
    leaf_search *search = data;
    const expr_node *node = expr_at(pool, id);

    if (node->kind == EXPR_COLUMN && search->region->leaf_of[node->column])
        search->found |= (relation_set)1 << (search->region->leaf_of[node->column] - 1);
    return true;
}

static bp_status relations_of(const region *region, expr_id expr, relation_set *out, bp_error *err)
{
    leaf_search search = {.region = region};
    bp_status status = expr_walk(&region->plan->exprs, expr, look_at_leaf, &search, err);

    *out = search.found;
    return status;
}

static bool is_one(relation_set set)
{
    return set && !(set & (set - 1));
}

static size_t find_member(const region *region, expr_id expr, bool null_safe)
{
    for (size_t i = 0; i < region->member_count; i++)
        if (region->null_safe[region->members[i].class] == null_safe &&
            expr_equal(&region->plan->exprs, region->members[i].expr, expr))
            return i;
    return SIZE_MAX;
}

/* Two members of a class in one relation would have to be compared in that relation: such classes stay apart. */
static bool share_relation(const region *region, uint8_t one, uint8_t other)
{
    relation_set sets[2] = {0, 0};

    for (size_t i = 0; i < region->member_count; i++) {
        relation_set bit = (relation_set)1 << region->members[i].relation;
        if (region->members[i].class == one) sets[0] |= bit;
        if (region->members[i].class == other) sets[1] |= bit;
    }
    return (sets[0] & sets[1]) != 0;
}

static void add_member(region *region, expr_id expr, relation_set relation, uint8_t class)
{
    region->members[region->member_count++] = (member){.expr = expr, .relation = (uint8_t)__builtin_ctz(relation), .class = class};
}

static void add_class(region *region, const join_pair *pair, relation_set left, relation_set right)
{
    uint8_t class = (uint8_t)region->class_count++;

    region->null_safe[class] = pair->null_safe;
    add_member(region, pair->left, left, class);
    add_member(region, pair->right, right, class);
}

static bp_status add_condition(region *region, expr_id expr, relation_set relations, bp_error *err)
{
    condition *longer = arena_new_array(&region->plan->arena, condition, region->condition_count + 1);

    if (!longer) return error_no_memory(err, region->plan->context->memory, (region->condition_count + 1) * sizeof *longer);
    if (region->condition_count) memcpy(longer, region->conditions, region->condition_count * sizeof *longer);
    longer[region->condition_count++] = (condition){expr, relations};
    region->conditions = longer;
    return BP_OK;
}

static bp_status add_pair(region *region, const join_pair *pair, bp_error *err)
{
    relation_set left, right;
    size_t of_left, of_right;
    expr_id equal;
    bp_status status;

    if ((status = relations_of(region, pair->left, &left, err)) || (status = relations_of(region, pair->right, &right, err)))
        return status;
    if (!is_one(left) || !is_one(right) || left == right || region->member_count + 2 > MEMBERS) {
        status = expr_compare(&equal, &region->plan->exprs, pair->null_safe ? COMPARE_NOT_DISTINCT : COMPARE_EQUAL, pair->left,
                              pair->right, err);
        return status ? status : add_condition(region, equal, left | right, err);
    }
    of_left = find_member(region, pair->left, pair->null_safe);
    of_right = find_member(region, pair->right, pair->null_safe);
    if (of_left == SIZE_MAX && of_right == SIZE_MAX) {
        add_class(region, pair, left, right);
    } else if (of_left != SIZE_MAX && of_right != SIZE_MAX) {
        uint8_t kept = region->members[of_left].class, gone = region->members[of_right].class;
        if (kept == gone) return BP_OK;
        if (share_relation(region, kept, gone)) {
            add_class(region, pair, left, right);
            return BP_OK;
        }
        for (size_t i = 0; i < region->member_count; i++)
            if (region->members[i].class == gone) region->members[i].class = kept;
    } else {
        bool left_known = of_left != SIZE_MAX;
        uint8_t class = region->members[left_known ? of_left : of_right].class;
        relation_set relation = left_known ? right : left, known = 0;
        for (size_t i = 0; i < region->member_count; i++)
            if (region->members[i].class == class) known |= (relation_set)1 << region->members[i].relation;
        if (known & relation)
            add_class(region, pair, left, right);
        else
            add_member(region, left_known ? pair->right : pair->left, relation, class);
    }
    return BP_OK;
}

static bp_status collect(region *region, const plan_id *joins, size_t join_count, bp_error *err)
{
    plan *plan = region->plan;
    bp_status status;

    region->leaf_of = arena_allocate_zeroed(&plan->arena, plan->column_count + 1);
    if (!region->leaf_of) return error_no_memory(err, plan->context->memory, plan->column_count);
    for (size_t i = 0; i < region->leaf_count; i++) {
        const plan_node *leaf = plan_at(plan, region->leaves[i]);
        region->rows[i] = fmax(leaf->row_estimate, 1);
        region->base[i] = plan_base_rows(plan, region->leaves[i]);
        for (size_t o = 0; o < leaf->output_count; o++) region->leaf_of[leaf->outputs[o]] = (uint8_t)(i + 1);
    }
    for (size_t j = 0; j < join_count; j++) {
        const plan_node *join = plan_at(plan, joins[j]);
        for (size_t i = 0; i < join->join.pair_count; i++)
            if ((status = add_pair(region, &join->join.pairs[i], err))) return status;
        for (size_t i = 0; i < join->join.residual_count; i++) {
            relation_set relations;
            if ((status = relations_of(region, join->join.residual[i], &relations, err)) ||
                (status = add_condition(region, join->join.residual[i], relations, err)))
                return status;
        }
    }
    return BP_OK;
}

/* Costs ------------------------------------------------------------------------------------------------------------------------------ */
/* The member of the class in the set that has the fewest rows before filters; SIZE_MAX: none. */
static size_t member_in(const region *region, size_t class, relation_set set)
{
    relation_set left = region->class_relations[class] & set;
    size_t best = SIZE_MAX;

    for (; left; left &= left - 1) {
        size_t relation = (size_t)__builtin_ctz(left);
        if (best == SIZE_MAX || region->base[relation] < region->base[best]) best = relation;
    }
    return best == SIZE_MAX ? SIZE_MAX : region->class_members[class][best];
}

/* The numbers that members of the class share, by the statistics of their columns. */
static bp_status class_range(const region *region, size_t class, value_range *out, bp_error *err)
{
    *out = (value_range){.known = false};
    for (size_t i = 0; i < region->member_count; i++) {
        const member *member = &region->members[i];
        value_range range;
        bp_status status;
        if (member->class != class) continue;
        if ((status = estimate_range(region->plan, region->leaves[member->relation], member->expr, &range, err))) return status;
        if (!range.known) continue;
        if (out->known) range = (value_range){fmax(out->low, range.low), fmin(out->high, range.high), true};
        *out = range;
    }
    return BP_OK;
}

/* How many values the class has: as many as the smallest table with a member has rows, or as the numbers that all members can be. Rows of a table whose values are
 * spread over more numbers than that find no partner outside (a calendar of 200 years has 1,800 days on which something was sold). */
static bp_status note_values(region *region, size_t class, bp_error *err)
{
    size_t smallest = member_in(region, class, ~(relation_set)0);
    double values = smallest == SIZE_MAX ? 1 : region->base[region->members[smallest].relation], shared;
    value_range all, own;
    bp_status status = class_range(region, class, &all, err);

    region->class_values[class] = values;
    if (status || !all.known) return status;
    shared = fmax(all.high - all.low + 1, 1);
    for (relation_set left = region->class_relations[class]; left; left &= left - 1) {
        size_t relation = (size_t)__builtin_ctz(left);
        double distinct = region->base[relation];
        const member *member = &region->members[region->class_members[class][relation]];
        if ((status = estimate_range(region->plan, region->leaves[relation], member->expr, &own, err))) return status;
        if (own.known) distinct = fmin(distinct, own.high - own.low + 1);
        if (distinct > shared)
            region->rows[relation] = fmin(region->rows[relation], fmax(region->base[relation] / distinct * shared, 1));
    }
    region->class_values[class] = fmin(values, shared);
    return BP_OK;
}

static bp_status note_classes(region *region, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < region->member_count; i++) {
        const member *member = &region->members[i];
        region->class_relations[member->class] |= (relation_set)1 << member->relation;
        region->class_members[member->class][member->relation] = (uint8_t)i;
    }
    for (size_t class = 0; class < region->class_count && !status; class++)
        if (region->class_relations[class]) status = note_values(region, class, err);
    return status;
}

static bool is_placed(const condition *condition, relation_set left, relation_set right)
{
    relation_set set = left | right;

    return !(condition->relations & ~set) && (condition->relations & ~left) && (condition->relations & ~right);
}

/* The rows of two sets joined; *connected: by an equality. */
static double joined_rows(const region *region, relation_set left, relation_set right, double left_rows, double right_rows,
                          bool *connected)
{
    double values = 1, most = 0, rows = left_rows * right_rows;
    size_t classes = 0;

    for (size_t class = 0; class < region->class_count; class++) {
        size_t one, other;
        double base;
        if (!(region->class_relations[class] & left) || !(region->class_relations[class] & right)) continue;
        one = member_in(region, class, left);
        other = member_in(region, class, right);
        base = fmin(region->base[region->members[one].relation], region->base[region->members[other].relation]);
        values *= region->class_values[class];
        most = fmax(most, base);
        classes++;
    }
    if (classes > 1) values = fmin(values, most); /* several columns are one key: no more values than the smaller table has rows */
    for (size_t i = 0; i < region->condition_count; i++)
        if (is_placed(&region->conditions[i], left, right)) rows *= ESTIMATE_CONDITION;
    *connected = classes > 0;
    return fmax(rows / values, 1);
}

static void try_way(const region *region, way *ways, relation_set left, relation_set right, bool cross)
{
    way *best = &ways[left | right];
    const way *one = &ways[left], *other = &ways[right];
    bool connected;
    double rows = joined_rows(region, left, right, one->rows, other->rows, &connected), cost;

    if (!connected && !cross) return;
    cost = one->cost + other->cost + rows + one->rows + BUILD_COST * other->rows;
    if (best->left && cost + LEAST_GAIN >= best->cost) return;
    best->rows = rows;
    best->cost = cost;
    best->left = left;
}

static bool is_made(const way *ways, relation_set set)
{
    return is_one(set) || ways[set].left;
}

/* All ways to cut the set in two; first the one that is written. */
static void try_ways(const region *region, way *ways, relation_set set, bool cross)
{
    relation_set last = (relation_set)1 << (31 - __builtin_clz(set));

    if (is_made(ways, set & ~last)) try_way(region, ways, set & ~last, last, cross);
    for (relation_set left = (set - 1) & set; left; left = (left - 1) & set)
        if (is_made(ways, left) && is_made(ways, set & ~left)) try_way(region, ways, left, set & ~left, cross);
}

/* Cross products only make the whole, from parts that nothing connects. */
static void find_by_subsets(const region *region, way *ways)
{
    relation_set all = (relation_set)(((uint64_t)1 << region->leaf_count) - 1);

    for (relation_set set = 1; set <= all; set++)
        if (!is_one(set)) try_ways(region, ways, set, false);
    if (!is_made(ways, all))
        for (relation_set set = 1; set <= all; set++)
            if (!is_made(ways, set)) try_ways(region, ways, set, true);
}

/* The tree ----------------------------------------------------------------------------------------------------------------------------- */
/* A part of the tree while it is put together. */
typedef struct part {
    plan_id node;
    relation_set set;
    double rows;
} part;

static bp_status join_parts(const region *region, const part *left, const part *right, double rows, part *out, bp_error *err)
{
    plan *plan = region->plan;
    plan_node *node;
    join_pair *pairs = arena_new_array(&plan->arena, join_pair, region->class_count);
    expr_id *residual = arena_new_array(&plan->arena, expr_id, region->condition_count);
    size_t pair_count = 0, residual_count = 0;
    bp_status status;

    if (!pairs || !residual) return error_no_memory(err, plan->context->memory, region->class_count * sizeof *pairs);
    for (size_t class = 0; class < region->class_count; class++) {
        size_t one = member_in(region, class, left->set), other = member_in(region, class, right->set);
        if (one == SIZE_MAX || other == SIZE_MAX) continue;
        pairs[pair_count++] = (join_pair){region->members[one].expr, region->members[other].expr, region->null_safe[class]};
    }
    for (size_t i = 0; i < region->condition_count; i++)
        if (is_placed(&region->conditions[i], left->set, right->set)) residual[residual_count++] = region->conditions[i].expr;
    if ((status = plan_join(&out->node, plan, pair_count || residual_count ? JOIN_INNER : JOIN_CROSS, left->node, right->node, NULL,
                            0, err)))
        return status;
    node = plan_at(plan, out->node);
    node->join.pairs = pairs;
    node->join.pair_count = pair_count;
    node->join.residual = residual;
    node->join.residual_count = residual_count;
    node->row_estimate = rows;
    out->set = left->set | right->set;
    out->rows = rows;
    return BP_OK;
}

/* From the ways found by subsets; depth is at most the number of relations. */
static bp_status build_way(const region *region, const way *ways, relation_set set, part *out, bp_error *err)
{
    part left, right;
    bp_status status;

    if (is_one(set)) {
        size_t leaf = (size_t)__builtin_ctz(set);
        *out = (part){region->leaves[leaf], set, region->rows[leaf]};
        return BP_OK;
    }
    if ((status = build_way(region, ways, ways[set].left, &left, err)) ||
        (status = build_way(region, ways, set & ~ways[set].left, &right, err)))
        return status;
    return join_parts(region, &left, &right, ways[set].rows, out, err);
}

/* Join the two parts whose join has the fewest rows, until there is one. */
static bp_status build_greedily(const region *region, part *out, bp_error *err)
{
    part parts[RELATIONS];
    size_t count = region->leaf_count;
    bp_status status;

    for (size_t i = 0; i < count; i++) parts[i] = (part){region->leaves[i], (relation_set)1 << i, region->rows[i]};
    while (count > 1) {
        size_t best[2] = {0, 1};
        double least = 0;
        bool found = false, least_connected = false;
        part joined;
        for (size_t i = 0; i < count; i++) {
            for (size_t j = i + 1; j < count; j++) {
                bool connected;
                double rows = joined_rows(region, parts[i].set, parts[j].set, parts[i].rows, parts[j].rows, &connected);
                if (found && (connected < least_connected || (connected == least_connected && rows >= least))) continue;
                found = true;
                least = rows;
                least_connected = connected;
                best[0] = i;
                best[1] = j;
            }
        }
        if (parts[best[0]].rows + LEAST_GAIN < parts[best[1]].rows)
            status = join_parts(region, &parts[best[1]], &parts[best[0]], least, &joined, err);
        else
            status = join_parts(region, &parts[best[0]], &parts[best[1]], least, &joined, err);
        if (status) return status;
        parts[best[0]] = joined;
        parts[best[1]] = parts[--count];
    }
    *out = parts[0];
    return BP_OK;
}

bp_status joins_project_in_place(plan *plan, plan_id root, plan_id made, bp_error *err)
{
    size_t count = plan_at(plan, root)->output_count;
    column_id *outputs = plan_at(plan, root)->outputs;
    double rows = plan_at(plan, made)->row_estimate;
    expr_id *exprs = arena_new_array(&plan->arena, expr_id, count);
    plan_id project;
    bp_status status;

    if (!exprs) return error_no_memory(err, plan->context->memory, count * sizeof *exprs);
    for (size_t i = 0; i < count; i++)
        if ((status = expr_column(&exprs[i], &plan->exprs, outputs[i], plan->columns[outputs[i]].type, err))) return status;
    if ((status = plan_project(&project, plan, made, exprs, NULL, count, err))) return status;
    *plan_at(plan, root) = *plan_at(plan, project);
    plan_at(plan, root)->outputs = outputs;
    plan_at(plan, root)->row_estimate = rows;
    plan_at(plan, project)->kind = PLAN_NONE;
    return BP_OK;
}

bp_status joins_order(plan *plan, plan_id root, bp_error *err)
{
    region *region = arena_new(&plan->arena, struct region);
    plan_id joins[RELATIONS];
    size_t join_count = 0;
    way *ways;
    part made;
    bp_status status;

    if (!region) return error_no_memory(err, plan->context->memory, sizeof *region);
    region->plan = plan;
    if (!find_leaves(region, root, joins, &join_count)) return BP_OK;
    if ((status = collect(region, joins, join_count, err))) return status;
    if ((status = note_classes(region, err))) return status;
    if (region->leaf_count > DP_RELATIONS) {
        if ((status = build_greedily(region, &made, err))) return status;
        return joins_project_in_place(plan, root, made.node, err);
    }
    ways = arena_new_array(&plan->arena, way, (size_t)1 << region->leaf_count);
    if (!ways) return error_no_memory(err, plan->context->memory, sizeof *ways << region->leaf_count);
    for (size_t i = 0; i < region->leaf_count; i++) ways[(size_t)1 << i].rows = region->rows[i];
    find_by_subsets(region, ways);
    if ((status = build_way(region, ways, (relation_set)(((uint64_t)1 << region->leaf_count) - 1), &made, err))) return status;
    return joins_project_in_place(plan, root, made.node, err);
}
