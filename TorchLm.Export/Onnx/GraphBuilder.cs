using Google.Protobuf;
using TorchLm.Export.Onnx.Proto;
using DataType = TorchLm.Export.Onnx.Proto.TensorProto.Types.DataType;

namespace TorchLm.Export.Onnx;

/// <summary>Puts a graph together, node by node in the order of computation. A node and the value that it gives have the same name.</summary>
internal sealed class GraphBuilder
{
    private readonly HashSet<string> _constants = [];

    /// <summary>What is there so far.</summary>
    public GraphProto Graph { get; } = new() { Name = "torchlm" };

    /// <summary>Declares a value that the caller feeds; gives its name.</summary>
    public string Input(string name, DataType type, params ReadOnlySpan<Axis> shape)
    {
        Graph.Input.Add(Declare(name, type, shape));
        return name;
    }

    /// <summary>Declares that the caller gets a value, which a node gives.</summary>
    public void Output(string name, DataType type, params ReadOnlySpan<Axis> shape) => Graph.Output.Add(Declare(name, type, shape));

    /// <summary>Adds a node with one output; gives its name.</summary>
    /// <param name="op">The operator, of ONNX's own domain.</param>
    /// <param name="name">The node's name and its output's.</param>
    /// <param name="inputs">The values that it reads.</param>
    /// <param name="attributes">Its constants.</param>
    public string Node(string op, string name, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        Nodes(op, name, inputs, [name], attributes);
        return name;
    }

    /// <summary>Adds a node with several outputs.</summary>
    public void Nodes(string op, string name, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs,
        params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { Name = name, OpType = op };
        foreach (string input in inputs) node.Input.Add(input);
        foreach (string output in outputs) node.Output.Add(output);
        foreach (AttributeProto attribute in attributes) node.Attribute.Add(attribute);
        Graph.Node.Add(node);
    }

    /// <summary>A float32 scalar; gives its name.</summary>
    public string Float(float value) => Constant($"float_{value:R}", DataType.Float, [], BitConverter.GetBytes(value));

    /// <summary>An int64 scalar; gives its name.</summary>
    public string Int(long value) => Constant($"int_{value}", DataType.Int64, [], BitConverter.GetBytes(value));

    /// <summary>An int64 vector; gives its name.</summary>
    public string Ints(params long[] values) =>
        Constant($"ints_{string.Join('_', values)}", DataType.Int64, [values.Length], [.. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>Adds a tensor of the given name, values in row-major order, unless it is there; gives its name.</summary>
    public string Constant(string name, DataType type, long[] shape, byte[] littleEndian)
    {
        if (_constants.Add(name))
        {
            var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(littleEndian) };
            tensor.Dims.Add(shape);
            Graph.Initializer.Add(tensor);
        }
        return name;
    }

    /// <summary>An attribute that is a number.</summary>
    public static AttributeProto Attribute(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    /// <summary>An attribute that is a real number.</summary>
    public static AttributeProto Attribute(string name, float value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };

    /// <summary>An attribute that is a list of numbers.</summary>
    public static AttributeProto Attribute(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        return attribute;
    }

    private static ValueInfoProto Declare(string name, DataType type, ReadOnlySpan<Axis> axes)
    {
        var shape = new TensorShapeProto();
        foreach (Axis axis in axes)
        {
            shape.Dim.Add(axis.Name is null ? new TensorShapeProto.Types.Dimension { DimValue = axis.Size }
                : new TensorShapeProto.Types.Dimension { DimParam = axis.Name });
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new() { ElemType = (int)type, Shape = shape } } };
    }
}

/// <summary>One dimension of an input or output: a size, or a name where it may differ from call to call.</summary>
internal readonly record struct Axis(string? Name, long Size)
{
    public static implicit operator Axis(string name) => new(name, 0);

    public static implicit operator Axis(long size) => new(null, size);
}
