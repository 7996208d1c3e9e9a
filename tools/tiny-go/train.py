"""Train the tiny-go model and write it as GGUF.

usage: train.py SECONDS OUTDIR LIBDIR

Trains for SECONDS on one GPU on data.jsonl.xz (from extract.go) in the current
folder. LIBDIR holds llama.cpp's CPU libraries, which quantize. OUTDIR gets the
tokenizer, tiny-f32.gguf, tiny-f16.gguf, tiny-q4_k_m.gguf, prompts.json and
golden_hf.npz, the logits of Hugging Face transformers on the float32 weights.
Needs torch, tokenizers, transformers and numpy.
"""
import json,lzma,math,time,os,sys,subprocess,random,numpy as np,torch,torch.nn as nn,torch.nn.functional as F
from tokenizers import Tokenizer,models,pre_tokenizers,decoders,trainers,Regex,normalizers
PEER=os.path.join(os.path.dirname(os.path.abspath(__file__)),'..','peer'); sys.path.insert(0,PEER); from gguf_write import *
LIMIT=float(sys.argv[1]); W=OUT=sys.argv[2]; LLAMACPP=sys.argv[3]; os.makedirs(W,exist_ok=True)
torch.manual_seed(0); random.seed(0); dev='cuda'
recs=[json.loads(l) for l in lzma.open('data.jsonl.xz','rt',encoding='utf-8')]
SP=['<|endoftext|>','<|im_start|>','<|im_end|>']; V=4096
PRE=r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
tk=Tokenizer(models.BPE()); tk.normalizer=normalizers.NFC()
tk.pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PRE),'isolated'),pre_tokenizers.ByteLevel(add_prefix_space=False,use_regex=False)]); tk.decoder=decoders.ByteLevel()
tr=trainers.BpeTrainer(vocab_size=V,special_tokens=SP,initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),show_progress=False)
t=time.time(); tk.train_from_iterator((r['t'] for r in recs if r['k']=='f'),tr); tk.save(W+'/tokenizer.json'); print('bpe',time.time()-t,tk.get_vocab_size())
def chat(r): return f"<|im_start|>user\n{r['d']}<|im_end|>\n<|im_start|>assistant\n```go\n{r['t']}\n```<|im_end|>\n<|endoftext|>"
random.shuffle(recs); val=recs[:200]; recs=recs[200:]
txt=[(r['t']+'<|endoftext|>') if r['k']=='f' else chat(r) for r in recs]
t=time.time(); enc=tk.encode_batch(txt); ids=np.concatenate([np.array(e.ids,np.int32) for e in enc]); print('tokens',len(ids),time.time()-t)
data=torch.from_numpy(ids).long().to(dev)
H,I,E,K,L,NH,NK,HD,TH,EPS=256,256,16,4,6,4,2,128,1e6,1e-6
class Norm(nn.Module):
    def __init__(s,n): super().__init__(); s.weight=nn.Parameter(torch.ones(n))
    def forward(s,x): xf=x.float(); return (xf*torch.rsqrt(xf.pow(2).mean(-1,keepdim=True)+EPS)).to(x.dtype)*s.weight.to(x.dtype)
def rope(x,cos,sin):
    a,b=x.chunk(2,-1); return x*cos+torch.cat((-b,a),-1)*sin
class Layer(nn.Module):
    def __init__(s):
        super().__init__(); s.n1=Norm(H); s.n2=Norm(H); s.q=nn.Linear(H,NH*HD,bias=False); s.k=nn.Linear(H,NK*HD,bias=False); s.v=nn.Linear(H,NK*HD,bias=False); s.o=nn.Linear(NH*HD,H,bias=False); s.qn=Norm(HD); s.kn=Norm(HD)
        s.r=nn.Linear(H,E,bias=False); s.g=nn.Parameter(torch.randn(E,I,H)*.02); s.u=nn.Parameter(torch.randn(E,I,H)*.02); s.d=nn.Parameter(torch.randn(E,H,I)*.02/math.sqrt(2*L))
    def forward(s,x,cos,sin):
        B,T,_=x.shape; h=s.n1(x)
        q=rope(s.qn(s.q(h).view(B,T,NH,HD)).transpose(1,2),cos,sin).to(torch.bfloat16); k=rope(s.kn(s.k(h).view(B,T,NK,HD)).transpose(1,2),cos,sin).to(torch.bfloat16); v=s.v(h).view(B,T,NK,HD).transpose(1,2).to(torch.bfloat16)
        a=F.scaled_dot_product_attention(q,k,v,is_causal=True,enable_gqa=True).transpose(1,2).reshape(B,T,NH*HD); x=x+s.o(a)
        h=s.n2(x).reshape(-1,H); p=F.softmax(s.r(h).float(),-1); tp,ti=p.topk(K,-1); tp=tp/tp.sum(-1,keepdim=True)
        m=torch.zeros_like(p).scatter(1,ti,tp)
        hb=h.to(torch.bfloat16)
        y=F.silu(torch.einsum('th,eih->eti',hb,s.g.to(torch.bfloat16)))*torch.einsum('th,eih->eti',hb,s.u.to(torch.bfloat16))
        y=torch.einsum('eti,ehi->th',y*m.t().unsqueeze(-1).to(y.dtype),s.d.to(torch.bfloat16))
        aux=E*((m>0).float().mean(0)*p.mean(0)).sum()/K
        return x+y.view(B,T,H).to(x.dtype),aux
class Model(nn.Module):
    def __init__(s):
        super().__init__(); s.e=nn.Embedding(V,H); s.ls=nn.ModuleList(Layer() for _ in range(L)); s.n=Norm(H); s.h=nn.Linear(H,V,bias=False)
        for n,p in s.named_parameters():
            if p.dim()==2: nn.init.normal_(p,std=.02/(math.sqrt(2*L) if n.endswith('o.weight') else 1))
    def forward(s,x):
        T=x.shape[1]; f=TH**(-torch.arange(0,HD,2,device=dev).float()/HD); a=torch.outer(torch.arange(T,device=dev).float(),f); a=torch.cat((a,a),-1); c,si=a.cos(),a.sin()
        x=s.e(x); aux=0
        for l in s.ls: x,z=l(x,c,si); aux=aux+z
        return s.h(s.n(x)),aux/L
torch.backends.cuda.matmul.allow_tf32=True
M=Model().to(dev); print('params',sum(p.numel() for p in M.parameters())/1e6)
dec=[p for p in M.parameters() if p.dim()>1]; nod=[p for p in M.parameters() if p.dim()<2]
opt=torch.optim.AdamW([dict(params=dec,weight_decay=.1),dict(params=nod,weight_decay=0)],lr=1,betas=(.9,.95),fused=True)
T,B=512,64; t0=time.time(); step=0; LR=2.5e-3; losses=[]
while True:
    fr=(time.time()-t0)/LIMIT
    if fr>=1: break
    lr=LR*min(1,(step+1)/100)*(0.5*(1+math.cos(math.pi*fr))*.97+.03)
    for g in opt.param_groups: g['lr']=lr
    ix=torch.randint(len(data)-T-1,(B,),device=dev); xy=data[ix[:,None]+torch.arange(T+1,device=dev)]
    with torch.autocast('cuda',torch.bfloat16): lo,aux=M(xy[:,:-1])
    loss=F.cross_entropy(lo.float().view(-1,V),xy[:,1:].reshape(-1))+.01*aux
    loss.backward(); nn.utils.clip_grad_norm_(M.parameters(),1.); opt.step(); opt.zero_grad(set_to_none=True)
    if step%200==0: print(step,round(time.time()-t0,1),round(loss.item(),3),flush=True)
    step+=1
print('steps',step,'final',loss.item())
sd={k:v.detach().float().cpu().numpy() for k,v in M.state_dict().items()}
TPL=r"""{%- for m in messages %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"""
def export(path,half):
    w=Writer(path); A='qwen3moe'; ft=GGML['F16'] if half else 0
    w.add('general.architecture',STR,A); w.add('general.name',STR,'moeflow tiny go'); w.add('general.file_type',U32,1 if half else 0); w.add('general.license',STR,'bsd-3-clause'); w.add('general.description',STR,'Small qwen3moe model trained on the Go standard library, for tests and demos')
    for k,v in [('block_count',L),('context_length',2048),('embedding_length',H),('feed_forward_length',I*K),('attention.head_count',NH),('attention.head_count_kv',NK),('attention.key_length',HD),('attention.value_length',HD),('expert_count',E),('expert_used_count',K),('expert_feed_forward_length',I)]: w.add(f'{A}.{k}',U32,v)
    w.add(f'{A}.rope.freq_base',F32,TH); w.add(f'{A}.attention.layer_norm_rms_epsilon',F32,EPS)
    tj=json.loads(tk.to_str()); toks=['']*V; typ=[1]*V
    for s_,i in tj['model']['vocab'].items(): toks[i]=s_
    for a in tj['added_tokens']: toks[a['id']]=a['content']; typ[a['id']]=3
    for i in range(V):
        if toks[i]=='': toks[i]=f'[PAD{i}]'; typ[i]=5
    w.add('tokenizer.ggml.model',STR,'gpt2'); w.add('tokenizer.ggml.pre',STR,'qwen2'); w.arr('tokenizer.ggml.tokens',STR,toks); w.arr('tokenizer.ggml.token_type',I32,typ); w.arr('tokenizer.ggml.merges',STR,[m if isinstance(m,str) else ' '.join(m) for m in tj['model']['merges']])
    w.add('tokenizer.ggml.eos_token_id',U32,2); w.add('tokenizer.ggml.eot_token_id',U32,2); w.add('tokenizer.ggml.padding_token_id',U32,0); w.add('tokenizer.ggml.add_bos_token',BOOL,False); w.add('tokenizer.chat_template',STR,TPL)
    def ten(n,a):
        one=a.ndim==1 or 'gate_inp' in n; arr=a.astype(np.float32 if one else (np.float16 if half else np.float32)); w.tensor(n,0 if one else ft,tuple(reversed(a.shape)),lambda arr=arr:[np.ascontiguousarray(arr).view(np.uint8).reshape(-1)])
    ten('token_embd.weight',sd['e.weight'])
    for i in range(L):
        p=f'ls.{i}.'; b=f'blk.{i}.'
        for g,k in [('attn_norm','n1.weight'),('ffn_norm','n2.weight'),('attn_q','q.weight'),('attn_k','k.weight'),('attn_v','v.weight'),('attn_output','o.weight'),('attn_q_norm','qn.weight'),('attn_k_norm','kn.weight'),('ffn_gate_inp','r.weight'),('ffn_gate_exps','g'),('ffn_up_exps','u'),('ffn_down_exps','d')]: ten(b+g+'.weight',sd[p+k])
    ten('output_norm.weight',sd['n.weight']); ten('output.weight',sd['h.weight']); w.write()
export(W+'/tiny-f32.gguf',False); export(W+'/tiny-f16.gguf',True)
# HF reference
from transformers import Qwen3MoeConfig,Qwen3MoeForCausalLM
cfg=Qwen3MoeConfig(vocab_size=V,hidden_size=H,intermediate_size=I*K,num_hidden_layers=L,num_attention_heads=NH,num_key_value_heads=NK,head_dim=HD,num_experts=E,num_experts_per_tok=K,moe_intermediate_size=I,norm_topk_prob=True,rms_norm_eps=EPS,max_position_embeddings=2048,tie_word_embeddings=False,decoder_sparse_step=1,mlp_only_layers=[],attention_bias=False)
try: cfg.rope_parameters={'rope_type':'default','rope_theta':TH}
except Exception as e: print(e)
cfg.rope_theta=TH
hf=Qwen3MoeForCausalLM(cfg).float().eval(); hs=hf.state_dict(); g=lambda k: torch.from_numpy(sd[k])
new={'model.embed_tokens.weight':g('e.weight'),'model.norm.weight':g('n.weight'),'lm_head.weight':g('h.weight')}
for i in range(L):
    p=f'ls.{i}.'; q=f'model.layers.{i}.'
    for a,b in [('input_layernorm','n1'),('post_attention_layernorm','n2'),('self_attn.q_proj','q'),('self_attn.k_proj','k'),('self_attn.v_proj','v'),('self_attn.o_proj','o'),('self_attn.q_norm','qn'),('self_attn.k_norm','kn'),('mlp.gate','r')]: new[q+a+'.weight']=g(p+b+'.weight')
    if q+'mlp.experts.gate_up_proj' in hs: new[q+'mlp.experts.gate_up_proj']=torch.cat((g(p+'g'),g(p+'u')),1); new[q+'mlp.experts.down_proj']=g(p+'d')
    else:
        for e in range(E):
            for a,b in [('gate_proj','g'),('up_proj','u'),('down_proj','d')]: new[q+f'mlp.experts.{e}.{a}.weight']=g(p+b)[e]
print('missing/unexpected',hf.load_state_dict(new,strict=False))
prompts={'go':'package main\n\nimport "fmt"\n\nfunc main() {\n','chat':"<|im_start|>user\nReverse returns its argument string reversed.<|im_end|>\n<|im_start|>assistant\n",'long':[r for r in val if r['k']=='f' and len(r['t'])>6000][0]['t'][:4000]}
gold={}
for n,pt in prompts.items():
    x=torch.tensor([tk.encode(pt).ids]); gold[n+'_ids']=x[0].numpy().astype(np.int32)
    with torch.no_grad(): gold[n+'_hf_logits']=hf(x).logits[0].numpy()[-64:]; gen=hf.generate(x,max_new_tokens=64,do_sample=False,attention_mask=torch.ones_like(x),pad_token_id=0,eos_token_id=2)
    gold[n+'_hf_greedy']=gen[0,x.shape[1]:].numpy().astype(np.int32); print('---',n,x.shape[1]); print(tk.decode(gen[0,x.shape[1]:].tolist()))
np.savez_compressed(OUT+'/golden_hf.npz',**gold); json.dump(prompts,open(OUT+'/prompts.json','w'))
vl=[]
with torch.no_grad(), torch.autocast('cuda',torch.bfloat16):
    for r in val:
        x=torch.tensor([tk.encode(r['t'] if r['k']=='f' else chat(r)).ids[:1024]],device=dev)
        if x.shape[1]>8: vl.append(F.cross_entropy(M(x)[0].float()[0,:-1],x[0,1:]).item())
print('val loss',np.mean(vl))
py=sys.executable; P=f'{py} {PEER}/llamacpp.py {LLAMACPP}'
print(os.popen(f'{P} quantize {W}/tiny-f32.gguf {W}/tiny-q4_k_m.gguf 15 2>&1 | tail -3').read())
for nm in ['f32','q4_k_m']:
    for n in prompts:
        idl=','.join(map(str,gold[n+'_ids'])); os.system(f'{P} logits {W}/tiny-{nm}.gguf {W}/l.npy {idl} 2>/dev/null'); l=np.load(W+'/l.npy')[-64:]; h=gold[n+'_hf_logits']
        cos=(l*h).sum(-1)/np.linalg.norm(l,axis=-1)/np.linalg.norm(h,axis=-1); print(nm,n,'llama.cpp vs HF cos min %.6f mean %.6f top1 %.3f'%(cos.min(),cos.mean(),(l.argmax(-1)==h.argmax(-1)).mean()))
        if nm!='f32': np.savez_compressed(f'{OUT}/golden_llamacpp_{nm}_{n}.npz',ids=gold[n+'_ids'],logits=l)
