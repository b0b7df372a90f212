/* JOINS: semi joins that keep few rows sink to the input that they are about; inner joins are put in the order that makes the fewest rows; the smaller side is built.
 *
 * A tree of inner and cross joins is a set of relations (its leaves, up to RELATIONS), equalities between them, and other conditions. Equal columns
 * form classes, so that a = b and b = c also join a with c; within a set of relations all members of a class are equal, so joining two sets takes one
 * equality of each class that both know. The best tree for every set of relations is found from the best ones of its parts (dynamic programming over
 * subsets), for more than DP_RELATIONS of them by joining, again and again, the two parts whose join has the fewest rows. Costs are rows made, probed
 * and built (the right side is built). Where nothing tells the orders apart the written one stays.
 *
 * A condition that can fail keeps its join as it is written: the relation it stands in is a leaf here. */
#include <math.h>

#include "estimate.h"
#include "optimize.h"

#define RELATIONS 32
#define DP_RELATIONS 10
#define MEMBERS 128 /* of classes; equalities past these are conditions */
#define BUILD_COST 2.0 /* of a row built, a row probed being 1 */
#define LEAST_GAIN 1000.0 /* what another order than the written one must save */
#define GROUPED_COST 0.25 /* of a row grouped, a row built being 1 */
#define SEMI_ROUNDS 8
#define SEMI_SHARE 0.25 /* a semi join with at most this share of the input's rows sinks to it; others come after the inner joins */

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

/* Semi joins ------------------------------------------------------------------------------------------------------------------------- */
typedef struct column_search {
    const plan_node *nodes[2];
    bool foreign;
} column_search;

static bool look_for_foreign(void *data, const expr_pool *pool, expr_id id)
{
    column_search *search = data;
    const expr_node *node = expr_at(pool, id);
    bool found = node->kind != EXPR_COLUMN;

    for (size_t n = 0; n < 2; n++)
        for (size_t i = 0; i < search->nodes[n]->output_count && !found; i++) found = search->nodes[n]->outputs[i] == node->column;
    search->foreign |= !found;
    return found;
}

/* Whether all columns of the expression are among the outputs of either node. */
static bp_status is_about(const plan *plan, expr_id expr, plan_id one, plan_id other, bool *out, bp_error *err)
{
    column_search search = {.nodes = {plan_at(plan, one), plan_at(plan, other)}};
    bp_status status = expr_walk(&plan->exprs, expr, look_for_foreign, &search, err);

    *out = !search.foreign;
    return status;
}

/* Whether the semi join `id` can be asked of this input of the node below it, and is worth it. */
static bp_status semi_fits(const plan *plan, plan_id id, plan_id input, bool *out, bp_error *err)
{
    const plan_node *node = plan_at(plan, id);
    bp_status status;

    *out = node->join.pair_count > 0 && plan_at(plan, node->children[1])->row_estimate <= SEMI_SHARE * plan_base_rows(plan, input);
    for (size_t i = 0; i < node->join.pair_count && *out; i++) {
        if (expr_at(&plan->exprs, node->join.pairs[i].left)->can_fail) *out = false;
        if (*out && (status = is_about(plan, node->join.pairs[i].left, input, input, out, err))) return status;
    }
    for (size_t i = 0; i < node->join.residual_count && *out; i++) {
        if (expr_at(&plan->exprs, node->join.residual[i])->can_fail) *out = false;
        if (*out && (status = is_about(plan, node->join.residual[i], input, node->children[1], out, err))) return status;
    }
    return BP_OK;
}

/* How many of the inputs of a node a semi join above it may sink to. */
static size_t inputs_below(const plan_node *node)
{
    if (node->kind == PLAN_PROJECT || node->kind == PLAN_SORT) return 1;
    if (node->kind != PLAN_JOIN) return 0;
    if (node->join.kind == JOIN_INNER || node->join.kind == JOIN_CROSS) return 2;
    return node->join.kind != JOIN_RIGHT && node->join.kind != JOIN_FULL;
}

static bp_status copy_outputs(plan *plan, plan_node *node, const plan_node *from, bp_error *err)
{
    node->outputs = arena_new_array(&plan->arena, column_id, from->output_count);
    if (!node->outputs) return error_no_memory(err, plan->context->memory, from->output_count * sizeof *node->outputs);
    if (from->output_count) memcpy(node->outputs, from->outputs, from->output_count * sizeof *node->outputs);
    node->output_count = from->output_count;
    return BP_OK;
}

/* SEMI(JOIN(a, b)) becomes JOIN(SEMI(a), b): the two nodes change places. A column that a PROJECT passes on has the same id below it. */
static bp_status sink_semi(plan *plan, plan_id id, bool *sunk, bp_error *err)
{
    plan_id below = plan_at(plan, id)->children[0];
    size_t inputs = inputs_below(plan_at(plan, below));

    for (size_t side = 0; side < inputs; side++) {
        plan_node semi = *plan_at(plan, id), *node = plan_at(plan, id);
        bp_status status;
        bool fits;
        if ((status = semi_fits(plan, id, plan_at(plan, below)->children[side], &fits, err))) return status;
        if (!fits) continue;
        *node = *plan_at(plan, below); /* its outputs are the ones that the semi join passed on */
        semi.children[0] = node->children[side];
        if ((status = copy_outputs(plan, &semi, plan_at(plan, semi.children[0]), err))) return status;
        node->children[side] = below;
        *plan_at(plan, below) = semi;
        *sunk = true;
        return BP_OK;
    }
    return BP_OK;
}

/* A semi join that has sunk below another one lets that sink too; each sinks at most as deep as the plan is. */
static bp_status sink_semis(plan *plan, const plan_id *order, size_t count, bp_error *err)
{
    bool sunk = true;
    bp_status status;

    for (size_t round = 0; sunk && round < SEMI_ROUNDS; round++) {
        sunk = false;
        for (size_t i = count; i-- > 0;) { /* from the root down */
            const plan_node *node = plan_at(plan, order[i]);
            if (node->kind != PLAN_JOIN || node->join.kind != JOIN_SEMI) continue;
            if ((status = sink_semi(plan, order[i], &sunk, err))) return status;
        }
    }
    return BP_OK;
}

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

static bool is_reorderable(const plan *plan, plan_id id)
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
        if (is_reorderable(region->plan, id)) {
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

/* The new tree takes the root's place, its columns in the order they had. */
static bp_status project_in_place(plan *plan, plan_id root, plan_id made, bp_error *err)
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

static bp_status order_region(plan *plan, plan_id root, bp_error *err)
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
        return project_in_place(plan, root, made.node, err);
    }
    ways = arena_new_array(&plan->arena, way, (size_t)1 << region->leaf_count);
    if (!ways) return error_no_memory(err, plan->context->memory, sizeof *ways << region->leaf_count);
    for (size_t i = 0; i < region->leaf_count; i++) ways[(size_t)1 << i].rows = region->rows[i];
    find_by_subsets(region, ways);
    if ((status = build_way(region, ways, (relation_set)(((uint64_t)1 << region->leaf_count) - 1), &made, err))) return status;
    return project_in_place(plan, root, made.node, err);
}

/* A right side's keys, as columns of a node below it. */
typedef struct key_columns {
    column_id *ids;
    size_t count;
} key_columns;

static bp_status right_keys(plan *plan, const plan_node *join, key_columns *out, bp_error *err)
{
    *out = (key_columns){.ids = arena_new_array(&plan->arena, column_id, join->join.pair_count)};
    if (!out->ids) return error_no_memory(err, plan->context->memory, join->join.pair_count * sizeof *out->ids);
    for (size_t i = 0; i < join->join.pair_count; i++) {
        const expr_node *key = expr_at(&plan->exprs, join->join.pairs[i].right);
        if (key->kind == EXPR_COLUMN) out->ids[out->count++] = key->column;
    }
    return BP_OK;
}

static bool has_key(const key_columns *keys, column_id id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->ids[i] == id) return true;
    return false;
}

/* The same columns below a PROJECT; those that it computes go. */
static void keys_below(const plan *plan, const plan_node *project, key_columns *keys)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        size_t at = 0;
        const expr_node *expr;
        while (at < project->output_count && project->outputs[at] != keys->ids[i]) at++;
        if (at == project->output_count) continue;
        expr = expr_at(&plan->exprs, project->project.exprs[at]);
        if (expr->kind == EXPR_COLUMN) keys->ids[kept++] = expr->column;
    }
    keys->count = kept;
}

/* The AGGREGATE that the right side consists of, when its groups are among the join's keys, so that no two right rows have the same keys; 0: none. */
static bp_status grouped_by_keys(plan *plan, const plan_node *join, plan_id *out, bp_error *err)
{
    plan_id id = join->children[1];
    key_columns keys;
    bp_status status = right_keys(plan, join, &keys, err);

    *out = 0;
    if (status) return status;
    while (plan_at(plan, id)->kind == PLAN_PROJECT || plan_at(plan, id)->kind == PLAN_FILTER) {
        if (plan_at(plan, id)->kind == PLAN_PROJECT) keys_below(plan, plan_at(plan, id), &keys);
        id = plan_at(plan, id)->children[0];
    }
    if (plan_at(plan, id)->kind != PLAN_AGGREGATE) return BP_OK;
    for (size_t i = 0; i < plan_at(plan, id)->aggregate.group_count; i++)
        if (!has_key(&keys, plan_at(plan, id)->outputs[i])) return BP_OK;
    *out = id;
    return BP_OK;
}

/* SINGLE over groups of the very keys finds one row at most without being asked to: it is a LEFT join. *work: what the right side costs, in rows built. */
static bp_status relax_single(plan *plan, plan_id id, double *work, bp_error *err)
{
    plan_id groups;
    bp_status status = grouped_by_keys(plan, plan_at(plan, id), &groups, err);

    *work = plan_at(plan, plan_at(plan, id)->children[1])->row_estimate;
    if (status || !groups) return status;
    *work = fmax(*work, plan_at(plan, plan_at(plan, groups)->children[0])->row_estimate * GROUPED_COST);
    if (plan_at(plan, id)->join.kind == JOIN_SINGLE) plan_at(plan, id)->join.kind = JOIN_LEFT;
    return BP_OK;
}

/* SEMI(few, many) becomes RIGHT SEMI(many, few), LEFT(few, many) RIGHT(many, few): the few are built and marked. Where the many are groups of the keys, as
 * with correlated subqueries, only the groups of the few are then computed (see optimize_join_filters.c). */
static bp_status build_the_few(plan *plan, plan_id id, bp_error *err)
{
    static const join_kind opposite[] = {[JOIN_SEMI] = JOIN_RIGHT_SEMI, [JOIN_ANTI] = JOIN_RIGHT_ANTI, [JOIN_LEFT] = JOIN_RIGHT};
    plan_node *node = plan_at(plan, id);
    plan_id left = node->children[0], right = node->children[1];
    join_kind kind = (join_kind)node->join.kind;
    plan_id moved;
    double work;
    bp_status status;

    if (node->kind != PLAN_JOIN || (kind != JOIN_SEMI && kind != JOIN_ANTI && kind != JOIN_LEFT && kind != JOIN_SINGLE))
        return BP_OK;
    if ((status = relax_single(plan, id, &work, err))) return status;
    kind = (join_kind)node->join.kind;
    if (kind == JOIN_SINGLE || plan_at(plan, left)->row_estimate + LEAST_GAIN > work) return BP_OK;
    if (kind == JOIN_LEFT) { /* a PROJECT takes its place, for the order of the columns */
        if ((status = plan_join(&moved, plan, JOIN_RIGHT, right, left, NULL, 0, err))) return status;
        plan_at(plan, moved)->join = plan_at(plan, id)->join;
        plan_at(plan, moved)->row_estimate = plan_at(plan, id)->row_estimate;
        if ((status = project_in_place(plan, id, moved, err))) return status;
        node = plan_at(plan, moved);
    }
    node->join.kind = (uint8_t)opposite[kind];
    node->children[0] = right;
    node->children[1] = left;
    for (size_t i = 0; i < node->join.pair_count; i++) {
        expr_id was_left = node->join.pairs[i].left;
        node->join.pairs[i].left = node->join.pairs[i].right;
        node->join.pairs[i].right = was_left;
    }
    return BP_OK;
}

bp_status optimize_joins(plan *plan, bp_error *err)
{
    plan_id *order;
    size_t count;
    bool *inner, any = false;
    bp_status status = plan_post_order(plan, &order, &count, err);

    if (status) return status;
    for (size_t i = 0; i < count; i++) any |= plan_at(plan, order[i])->kind == PLAN_JOIN;
    if (!any) return BP_OK;
    if ((status = plan_estimate(plan, err)) || (status = sink_semis(plan, order, count, err))) return status;
    if ((status = plan_estimate(plan, err)) || (status = plan_post_order(plan, &order, &count, err))) return status;
    inner = arena_allocate_zeroed(&plan->arena, plan->node_count); /* within a region that begins above */
    if (!inner) return error_no_memory(err, plan->context->memory, plan->node_count);
    for (size_t i = count; i-- > 0 && !status;) {
        const plan_node *node = plan_at(plan, order[i]);
        if (!is_reorderable(plan, order[i])) continue;
        for (size_t c = 0; c < 2; c++) inner[node->children[c]] = is_reorderable(plan, node->children[c]);
    }
    for (size_t i = 0; i < count && !status; i++) { /* leaves first: their estimates are those of their new order */
        if (!inner[order[i]] && is_reorderable(plan, order[i])) status = order_region(plan, order[i], err);
        if (!status) status = build_the_few(plan, order[i], err);
    }
    return status;
}
