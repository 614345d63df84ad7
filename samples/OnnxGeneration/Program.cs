// Text from a model that torchlm exported, without TorchLm and libtorch:
//   torchlm export --model checkpoints/fables --format onnx --out fables-onnx
//   dotnet run --project samples/OnnxGeneration -- fables-onnx "The fox"

using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Microsoft.ML.Tokenizers;

string folder = args[0], prompt = args[1];
int count = args.Length > 2 ? int.Parse(args[2]) : 100;

// Byte-level BPE that splits as GPT-2 does, which is what torchlm trains.
BpeTokenizer tokenizer = BpeTokenizer.Create(new BpeOptions(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"))
{
    ByteLevel = true,
    PreTokenizer = new RegexPreTokenizer(new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), null),
});
using var session = new InferenceSession(Path.Combine(folder, "onnx", "model.onnx"));

// Keys and values of what was read, which are empty at first: (1, heads, 0, channels of a head).
string[] pastNames = [.. session.InputMetadata.Keys.Where(name => name.StartsWith("past_key_values", StringComparison.Ordinal))];
Dictionary<string, DenseTensor<float>> past = pastNames.ToDictionary(name => name, name =>
    new DenseTensor<float>([1, session.InputMetadata[name].Dimensions[1], 0, session.InputMetadata[name].Dimensions[3]]));

List<int> ids = [.. tokenizer.EncodeToIds(prompt)];
for (int read = 0, end = ids.Count + count; ids.Count < end;)
{
    var newIds = new DenseTensor<long>(ids.Skip(read).Select(id => (long)id).ToArray(), [1, ids.Count - read]);
    var mask = new DenseTensor<long>(Enumerable.Repeat(1L, ids.Count).ToArray(), [1, ids.Count]);
    using var results = session.Run(
    [
        NamedOnnxValue.CreateFromTensor("input_ids", newIds), NamedOnnxValue.CreateFromTensor("attention_mask", mask),
        .. past.Select(p => NamedOnnxValue.CreateFromTensor(p.Key, p.Value)),
    ]);
    read = ids.Count;
    foreach (string name in pastNames) past[name] = results.Single(r => r.Name == name.Replace("past_key_values", "present")).AsTensor<float>().ToDenseTensor();
    DenseTensor<float> logits = results.Single(r => r.Name == "logits").AsTensor<float>().ToDenseTensor(); // (1, new, vocabulary)
    ReadOnlySpan<float> last = logits.Buffer.Span[^logits.Dimensions[2]..];
    ids.Add(System.Numerics.Tensors.TensorPrimitives.IndexOfMax(last)); // the likeliest
}
Console.WriteLine(tokenizer.Decode(ids));
