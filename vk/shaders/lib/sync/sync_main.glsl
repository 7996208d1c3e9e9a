// The functions of sync/sync.glsl. Included after the push constants. One invocation
// makes what its workgroup wrote visible to the device: fences of the whole
// device are slow, those of a workgroup are not. A waiting workgroup needs no fence of the
// device, since all that was written before is read through coherent views.

void sync_group() {
    controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsBuffer | gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

void subgroup_sync() {
    controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

void sync_wait_for(uint64_t counter, uint reports) {
    if (sync == 0 || reports == 0) return;
    if (gl_LocalInvocationIndex == 0) {
        while (atomicLoad(Counter(counter).done, gl_ScopeDevice, 0, 0) < reports) {}
    }
    sync_group();
}

void sync_early() { sync_wait_for(sync + ((sync_first & SYNC_SIDE) != 0 ? SYNC_SIDE_AT : 0), sync_first & ~SYNC_SIDE); }
void sync_wait() { sync_wait_for(sync, sync_until); }

// sync_done_for reports for that many workgroups.
void sync_done_for(uint workgroups) {
    if (sync == 0) return;
    sync_group();
    if (gl_LocalInvocationIndex == 0) {
        memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, gl_SemanticsRelease);
        atomicAdd(Counter(sync).done, workgroups, gl_ScopeDevice, 0, 0);
    }
}

void sync_done() { sync_done_for(1); }

void sync_done_side() {
    if (sync == 0) return;
    sync_group();
    if (gl_LocalInvocationIndex == 0) {
        memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, gl_SemanticsRelease);
        atomicAdd(Counter(sync + SYNC_SIDE_AT).done, 1, gl_ScopeDevice, 0, 0);
        atomicAdd(Counter(sync).done, 1, gl_ScopeDevice, 0, 0);
    }
}
