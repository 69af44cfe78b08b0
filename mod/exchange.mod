TITLE Read and write one variable of many point processes in one call

COMMENT
Not a mechanism: two functions for Python, which would else take one call, or one pointer of 32 bytes, for each
variable of each spine.  Both take a List of point processes, the name of a RANGE variable and a Vector:

    gather_dp_exchange(list, name, vector)      vector.x[j*n + i] = the j-th element of the variable of process i
    scatter_dp_exchange(list, name, vector)     the other way

n is the length of the list; a variable that is no array has one element.  All processes are of one
kind.  Where a value lies is asked for at every call, so that processes may come, go and be sorted anew in between.

CoreNEURON has no List and leaves the functions empty; nothing calls them there.

Source: no published source; it computes nothing.
ENDCOMMENT

NEURON {
    SUFFIX dp_exchange
    THREADSAFE
}

VERBATIM
#ifndef CORENEURON_BUILD
namespace {
template <typename Move>
void dp_for_each(Move move) {
    Object* list = *hoc_objgetarg(1);
    check_obj_type(list, "List");
    int const n = ivoc_list_count(list);
    double* values = nullptr;
    int const room = vector_arg_px(3, &values);
    if (n == 0) {
        return;
    }
    Object* const first = ivoc_list_item(list, 0);
    for (int i = 0; i < n; ++i) {
        if (ivoc_list_item(list, i)->ctemplate != first->ctemplate) {
            hoc_execerror("the list holds point processes of more than one kind", nullptr);
        }
    }
    Symbol* const variable = hoc_table_lookup(hoc_gargstr(2), first->ctemplate->symtable);
    if (!variable) {
        hoc_execerror(hoc_gargstr(2), "is no variable of the point process");
    }
    int const elements = variable->arayinfo ? variable->arayinfo->sub[0] : 1;
    if (room != n * elements) {
        hoc_execerror("the vector has no place of its own for every value of", hoc_gargstr(2));
    }
    auto const process = [list](int i) { return ob2pntproc(ivoc_list_item(list, i)); };
    auto const row = [&process](int i) { return neuron::mechanism::_get::_current_row(process(i)->_prop); };
    // all instances of a mechanism lie in one column, row after row
    double* const column = &*point_process_pointer(process(0), variable, 0) - row(0) * elements;
    for (int i = 0; i < n; ++i) {
        double* const place = column + row(i) * elements;
        for (int j = 0; j < elements; ++j) {
            move(place[j], values[j * n + i]);
        }
    }
}
}  // namespace
#endif
ENDVERBATIM

PROCEDURE gather() {
    VERBATIM
#ifndef CORENEURON_BUILD
    dp_for_each([](double& variable, double& value) { value = variable; });
#endif
    ENDVERBATIM
}

PROCEDURE scatter() {
    VERBATIM
#ifndef CORENEURON_BUILD
    dp_for_each([](double& variable, double& value) { variable = value; });
#endif
    ENDVERBATIM
}
